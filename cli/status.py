"""`gallery status`: the outbox, the queue and the volume."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from cli.answers import Queue, Status
from cli.client import Client
from cli.options import with_client


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_client
def status(client: Client, as_json: bool) -> None:
    """Show the outbox, the queue and the volume.

    Exit status: 0 if all is well; 1 if images wait and no worker runs or Redis does not answer; 2
    if the gallery did not answer.
    """
    plain = client.call("GET", "/api/status", dict[str, Any])
    found = client.understand(plain, Status)
    stuck = bool(found.pending) and not (found.queue and found.queue.workers)
    if as_json:
        click.echo(json.dumps({**plain, "stuck": stuck}))
        sys.exit(1 if stuck else 0)
    seen = "" if found.without_grid is None else f", {found.without_grid} of them without a picture"
    click.echo(f"pending  {found.pending}{seen}")
    click.echo(f"failed   {found.failed}")
    if found.queue is None:
        why = found.queue_error or "Redis does not answer: uploads are accepted, thumbnails wait"
        click.echo(f"queue    {why}")
    else:
        click.echo(f"queue    {_line(found.queue)}, {found.queue.workers} workers")
        if found.views is not None:
            click.echo(f"views    {_line(found.views)}")
    click.echo(f"volume   {found.volume.free_bytes / 1e9:.1f} of {found.volume.total_bytes / 1e9:.1f} GB free")
    sys.exit(1 if stuck else 0)


def _line(queue: Queue) -> str:
    oldest = f", the oldest for {queue.oldest_seconds:.0f} s" if queue.oldest_seconds else ""
    return f"{queue.waiting} waiting{oldest}, {queue.running} running"
