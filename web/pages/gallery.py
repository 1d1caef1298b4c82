"""The gallery page, complete without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.ids import made_at
from pipeline.images.formats import ACCEPTED_LABEL, ACCEPTED_TYPES
from pipeline.queue.connection import QueueUnavailable
from pipeline.records import Record, State
from web.api.serialize import serialize
from web.files.assets import asset
from web.finding import finder
from web.index import Position, Query
from web.pages.ground import ground
from web.pages.upload import refusals
from web.queries import asked_id
from web.services import services
from web.turns import turn

blueprint = Blueprint("gallery", __name__)
blueprint.add_app_template_filter(ground)
_PAGE = 60


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The newest images, or those before an id; with `state=failed` only those that failed."""
    before = asked_id("before")
    state = request.args.get("state")
    if state not in (None, State.FAILED.value):
        raise BadRequest("'state' must be failed, or left out.")
    query = Query(state=State(state) if state else None, before=Position(None, before) if before else None)
    page = finder().page(query, _PAGE)
    waiting = services().store.waiting()
    return render_template(
        "gallery/index.html",
        page=page,
        days=_by_day(page.records),
        data=_data(page.records, before=before, end=page.next is None, events=page.events, state=state),
        before=before,
        state=state,
        refused=refusals(request.args.getlist("refused")),
        waiting=waiting,
        failed=len(services().store.failed()),
        queue_down=not _queue_answers(),
        refresh=before is None and not request.args and any(record.state is State.PENDING for record in page.records),
        accepted=ACCEPTED_LABEL,
        accept_types=",".join(ACCEPTED_TYPES),
        max_mb=services().settings.max_upload_bytes // (1024 * 1024),
    )


def _by_day(records: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """The records under the days they came in, in UTC."""
    groups = groupby(records, lambda record: made_at(record.id).date())
    return [(f"{day:%A}, {day.day} {day:%B %Y}", list(group)) for day, group in groups]


def _data(
    records: list[Record],
    *,
    before: str | None = None,
    end: bool = False,
    at: str | None = None,
    events: str | None = None,
    state: str | None = None,
) -> dict[str, Any]:
    """What the script starts from: a run of records without a gap, the event to listen from, what may be uploaded."""
    return {
        "images": [serialize(record) for record in records],
        "before": before,
        "end": end,
        "open": at,
        "events": events,
        "state": state,
        "accepted": ACCEPTED_LABEL,
        "types": ACCEPTED_TYPES,
        "maxBytes": services().settings.max_upload_bytes,
        "viewerStyle": asset("lightbox.css"),
        "trashDays": services().settings.trash_days,
    }


@blueprint.app_template_filter()
def shape(record: Record) -> int:
    """Width over height in hundredths, in steps of five, as the style sheet's classes have it."""
    return max(40, min(300, round(record.width / max(1, record.height) * 20) * 5))


@blueprint.app_template_filter()
def moment(text: str) -> str:
    """A time of a record, for people; as it is if a newer release wrote it in another way."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.day} {at:%B %Y, %H:%M:%S} UTC"


def _queue_answers() -> bool:
    try:
        services().queue.status()
    except QueueUnavailable:
        return False
    return True


@blueprint.get("/images/<image_id>")
def image(image_id: str) -> ResponseReturnValue:
    """One image with what is known of it: a link that can be shared."""
    record = services().store.get(image_id)
    return render_template("gallery/image.html", record=record, data=_data([record], at=image_id))


@blueprint.post("/images/<image_id>/retry")
def retry(image_id: str) -> ResponseReturnValue:
    """Try again, from the tile."""
    services().retry(image_id)
    return redirect(url_for("gallery.index"), 303)


@blueprint.post("/retry-failed")
def retry_failed() -> ResponseReturnValue:
    """Try all again."""
    with turn("change"):
        services().retry_many(services().store.failed())
    return redirect(url_for("gallery.index"), 303)


@blueprint.post("/images/<image_id>/delete")
def delete(image_id: str) -> ResponseReturnValue:
    """Delete, from the image's page."""
    services().delete(image_id)
    return redirect(url_for("gallery.index"), 303)
