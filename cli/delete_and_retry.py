"""`gallery retry-failed` and `gallery delete`."""

from __future__ import annotations

import json
import sys

import click

from cli.answers import Retried
from cli.client import Client, Refused
from cli.options import with_client
from cli.verdicts import Report
from pipeline.ids import is_id

_BAD = frozenset({"not there", "refused"})


@click.command("retry-failed")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_client
def retry_failed(client: Client, as_json: bool) -> None:
    """Retry every failed image.

    Exit status: 0, or 2 if the gallery refused or did not answer.
    """
    retried = 0
    while True:
        answer = client.call("POST", "/api/retry-failed", Retried)
        retried += answer.retried
        if not answer.left or not answer.retried:
            break
    result = {"retried": retried, "left": answer.left}
    click.echo(json.dumps(result) if as_json else f"{retried} tried again")


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--failed", is_flag=True, help="Delete every image that has failed.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@with_client
def delete(client: Client, ids: tuple[str, ...], failed: bool, yes: bool, as_json: bool) -> None:
    """Delete images by their IDS; '-' reads ids from standard input, one per line.

    They stay in the trash for the time that the gallery keeps it.

    Exit status: 0 if all are deleted; 1 if one was not there or could not be deleted; 2 if the gallery did not
    answer, or would refuse all of them.
    """
    wanted = given_ids(ids)
    if failed:
        wanted += [image.id for image, _ in client.records(state="failed")]
    if not wanted:
        click.echo("Nothing to delete.", err=True)
        return
    if not yes:
        click.confirm(f"Delete {len(wanted)} images?", abort=True, err=True)
    report = change_all(client, wanted, "DELETE", "/api/images/{}", "deleted", as_json=as_json)
    sys.exit(1 if report.needs_attention else 0)


def given_ids(ids: tuple[str, ...]) -> list[str]:
    """The ids of the command line, or those on standard input if that is '-'."""
    wanted = [line.decode("utf-8", "replace").strip() for line in sys.stdin.buffer] if ids == ("-",) else list(ids)
    return [image_id for image_id in wanted if image_id]


def change_all(client: Client, ids: list[str], method: str, path: str, done: str, *, as_json: bool) -> Report:
    """Call `path` with each id in place of `{}`, and report on each: `done`, `not there` or `refused`.

    Raises `Refused` if the gallery would refuse all others too.
    """
    report = Report(as_json, _BAD)
    for image_id in ids:
        verdict, message = _change(client, method, path, image_id, done)
        report.add_image(verdict, image_id, message)
    return report


def _change(client: Client, method: str, path: str, image_id: str, done: str) -> tuple[str, str | None]:
    if not is_id(image_id):
        return "not there", None
    try:
        client.send(method, path.format(image_id))
    except Refused as refused:
        if refused.status == 404:
            return "not there", None
        if refused.concerns_all:
            raise
        return "refused", str(refused)
    return done, None
