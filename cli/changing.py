"""`gallery retry-failed` and `gallery delete`."""

from __future__ import annotations

import json
import sys

import click

from cli.client import Client, Refused, with_client


@click.command("retry-failed")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_client
def retry_failed(client: Client, as_json: bool) -> None:
    """Try every failed image again."""
    answer = client.call("POST", "/api/retry-failed")
    click.echo(json.dumps(answer) if as_json else f"{answer['retried']} tried again")


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--failed", is_flag=True, help="Delete every image that stands as failed.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@with_client
def delete(client: Client, ids: tuple[str, ...], failed: bool, yes: bool, as_json: bool) -> None:
    """Delete images by their IDS; '-' reads ids from standard input, one a line.

    Exit status: 0 where all are gone, 1 where one was not there.
    """
    wanted = [line.strip() for line in sys.stdin if line.strip()] if ids == ("-",) else list(ids)
    if failed:
        wanted += [record["id"] for record in client.records(state="failed")]
    if not wanted:
        click.echo("Nothing to delete.", err=True)
        return
    if not yes:
        click.confirm(f"Delete {len(wanted)} images for good?", abort=True, err=True)
    missing = False
    for image_id in wanted:
        try:
            client.call("DELETE", f"/api/images/{image_id}")
            verdict = "deleted"
        except Refused as refused:
            if refused.status != 404:
                raise
            verdict, missing = "not there", True
        click.echo(json.dumps({"id": image_id, "verdict": verdict}) if as_json else f"{verdict:9} {image_id}")
    sys.exit(1 if missing else 0)
