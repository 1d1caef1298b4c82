"""`gallery list`: images by name, camera, state, format and date."""

from __future__ import annotations

import calendar
import json
import re
from datetime import date
from itertools import islice
from typing import Any

import click

from cli.client import Client
from cli.options import with_client
from cli.verdicts import printable
from pipeline.images.formats import Format
from pipeline.records import State

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


class _DateRange(click.ParamType[tuple[date, date]]):
    """A year, a month or a day, or two of them with `..` between: the first and the last day."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        first, separator, last = str(value).partition("..")
        try:
            return _days(first)[0], _days(last if separator else first)[1]
        except ValueError:
            self.fail(f"{value!r} is no date. Write 2019, 2019-07, 2019-07-14, or 2019-07..2019-09.", param, ctx)


@click.command("list")
@click.option("-q", "words", metavar="WORDS", help="Words in the name or the camera, three characters or more.")
@click.option("--taken", type=_DateRange(), help="When they were taken: 2019, 2019-07, 2019-07-14, 2019-07..2019-09.")
@click.option("--received", type=_DateRange(), help="When they came in, in UTC.")
@click.option("--sort", type=click.Choice(["received", "taken"]), help="The order, newest first.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only images in this state.")
@click.option("--format", "format_", type=click.Choice([each.value for each in Format]), help="Only in this format.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line: the record.")
@with_client
def list_(
    client: Client,
    words: str | None,
    taken: tuple[date, date] | None,
    received: tuple[date, date] | None,
    sort: str | None,
    state: str | None,
    format_: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List images, newest first: id, when it came in (or was taken, if that is asked for), state, name, why it failed.

    Exit status: 0, or 2 if the gallery refused or did not answer. A gallery that is still indexing is waited for.
    """
    if taken and received:
        raise click.UsageError("Give --taken or --received, not both.")
    days = taken or received
    sort = sort or ("taken" if taken else "received")
    if days and sort != ("taken" if taken else "received"):
        raise click.UsageError("--sort must be that of the dates.")
    fields = {"q": words, "state": state, "format": format_, "sort": sort if sort == "taken" else None}
    if days:
        fields |= {"from": days[0].isoformat(), "to": days[1].isoformat()}
    asked = {name: value for name, value in fields.items() if value is not None}
    for _, plain in islice(client.records(**asked), limit):
        when = (plain.get("taken_at") if sort == "taken" else None) or plain.get("received_at")
        line = f"{plain.get('id')}  {when}  {plain.get('state')}  {printable(str(plain.get('name')))}{_why(plain)}"
        click.echo(json.dumps(plain) if as_json else line)


def _why(plain: dict[str, Any]) -> str:
    """The reason of a failed image, to be put behind its name."""
    reason = plain.get("reason")
    message = reason.get("message") if plain.get("state") == State.FAILED.value and isinstance(reason, dict) else None
    return f": {printable(str(message))}" if message else ""


def _days(text: str) -> tuple[date, date]:
    """The first and the last day of a year, a month or a day; raises `ValueError`."""
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    first, last = (month, month) if found[2] else (1, 12)
    begin, end = date(year, first, day or 1), date(year, last, day or calendar.monthrange(year, last)[1])
    if found[3] and not day:
        raise ValueError(text)
    return begin, end
