"""`gallery trash`: list, restore or permanently remove deleted images."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from cli.answers import Emptied, Page
from cli.client import Client
from cli.delete_and_retry import change_all, given_ids
from cli.options import with_client
from cli.verdicts import printable

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")


@click.group()
def trash() -> None:
    """List the trash, restore images from it, or remove them permanently."""


@trash.command("list")
@_JSON
@with_client
def list_(client: Client, as_json: bool) -> None:
    """List what is in the trash: id, when it was deleted, when it will be removed, and name.

    Exit status: 0, or 2 if the gallery refused or did not answer.
    """
    for image in _images(client):
        line = f"{image['id']}  {image['deleted_at']}  {image['expires_at']}  {printable(str(image['name']))}"
        click.echo(json.dumps(image) if as_json else line)


@trash.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Restore everything.")
@_JSON
@with_client
def restore(client: Client, ids: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Restore images by their IDS; '-' reads ids from standard input, one per line.

    Exit status: 0 if all are restored; 1 if one was not there or could not be restored; 2 if the gallery did not
    answer, or would refuse all of them.
    """
    wanted = given_ids(ids) + ([str(image["id"]) for image in _images(client)] if everything else [])
    report = change_all(client, wanted, "POST", "/api/images/{}/restore", "restored", as_json=as_json)
    report.close("Nothing to restore.")
    sys.exit(1 if report.needs_attention else 0)


@trash.command()
@click.argument("ids", nargs=-1)
@click.option("--yes", is_flag=True, help="Don't ask.")
@_JSON
@with_client
def purge(client: Client, ids: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Remove images in the trash permanently, by their IDS; '-' reads ids from standard input, one per line.

    Exit status: 0 if all are removed; 1 if one was not there; 2 if the gallery did not answer, or would refuse all.
    """
    wanted = given_ids(ids)
    if wanted and not yes:
        click.confirm(f"Remove {len(wanted)} images permanently?", abort=True, err=True)
    report = change_all(client, wanted, "DELETE", "/api/trash/{}", "removed", as_json=as_json)
    report.close("Nothing to remove.")
    sys.exit(1 if report.needs_attention else 0)


@trash.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_client
def empty(client: Client, yes: bool, as_json: bool) -> None:
    """Remove all that is in the trash permanently.

    Exit status: 0, or 2 if the gallery refused or did not answer.
    """
    if not yes:
        click.confirm("Remove everything in the trash permanently?", abort=True, err=True)
    deleted = 0
    while True:
        answer = client.call("DELETE", "/api/trash", Emptied)
        deleted += answer.deleted
        if not answer.left or not answer.deleted:
            break
    click.echo(json.dumps({"deleted": deleted, "left": answer.left}) if as_json else f"{deleted} removed permanently")


def _images(client: Client) -> Iterator[dict[str, Any]]:
    before: dict[str, str] = {}
    while True:
        page = client.call("GET", "/api/trash", Page, {"limit": "500", **before})
        yield from page.images
        if page.next is None:
            return
        before = {"before": page.next}
