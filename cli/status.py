"""`gallery status`: how the work stands."""

from __future__ import annotations

import json
import sys

import click

from cli.client import Client, with_client


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_client
def status(client: Client, as_json: bool) -> None:
    """Show the outbox, the queue and the volume.

    Exit status: 0 where all is well, 1 where images wait and nobody works on them, 2 where the gallery did not answer.
    """
    found = client.call("GET", "/api/status")
    queue, volume = found["queue"], found["volume"]
    stuck = bool(found["pending"]) and not (queue and queue["workers"])
    if as_json:
        click.echo(json.dumps({**found, "stuck": stuck}))
        sys.exit(1 if stuck else 0)
    click.echo(f"pending  {found['pending']}")
    click.echo(f"failed   {found['failed']}")
    if queue is None:
        click.echo("queue    Redis does not answer: uploads are accepted, and wait")
    else:
        oldest = f", the oldest for {queue['oldest_seconds']:.0f} s" if queue["oldest_seconds"] else ""
        click.echo(
            f"queue    {queue['waiting']} waiting{oldest}, {queue['running']} running, {queue['workers']} workers"
        )
    free, total = volume["free_bytes"], volume["total_bytes"]
    click.echo(f"volume   {free / 1e9:.1f} of {total / 1e9:.1f} GB free")
    sys.exit(1 if stuck else 0)
