"""The gallery page, complete without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest, IndexNotReady
from pipeline.images.formats import ACCEPTED_LABEL, ACCEPTED_TYPES
from pipeline.queue.connection import QueueUnavailable
from pipeline.records import Record, State
from web.api.operations import PAGE
from web.index import Query, Sort, day_of
from web.listing import ListingPage, listing
from web.pages.data import page_data
from web.pages.ground import ground
from web.pages.upload import refusals
from web.pages.wanted import Wanted
from web.query_parameters import asked_query
from web.services import services
from web.turns import turn

blueprint = Blueprint("gallery", __name__)
blueprint.add_app_template_filter(ground)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The gallery or search results, sorted by date added or taken, from the newest or from a position on."""
    query = replace(asked_query(typed=True), after=None)
    before = _before(query)
    wanted = Wanted(query)
    if "q" in request.args and not wanted.typed.strip():
        return redirect(wanted.address(q=None), 303)  # the search field was cleared
    try:
        page = (
            listing().page(query, PAGE)
            if not wanted.is_too_short
            else ListingPage([], None, complete=True, events=None)
        )
    except IndexNotReady as error:
        return _try_again(wanted, error)
    waiting = services().store.waiting()
    return render_template(
        "gallery/index.html",
        page=page,
        days=_by_day(page.records, query.sort),
        data=page_data(page.records, before=before, end=page.next is None, events=page.events, wanted=wanted),
        before=before,
        wanted=wanted,
        nothing=wanted.nothing(),
        refused=refusals(request.args.getlist("refused")),
        waiting=waiting,
        failed=len(services().store.failed()),
        queue_down=not _queue_answers(),
        refresh=before is None and not request.args and any(record.state is State.PENDING for record in page.records),
        accepted=ACCEPTED_LABEL,
        accept_types=",".join(ACCEPTED_TYPES),
        max_mb=services().settings.max_upload_bytes // (1024 * 1024),
    )


def _try_again(wanted: Wanted, error: IndexNotReady) -> ResponseReturnValue:
    """The page shown while the index is being built; it reloads itself until the index is complete."""
    page = render_template("gallery/indexing.html", wanted=wanted, images=error.images, seconds=error.retry_after)
    return page, 503, {"Retry-After": str(error.retry_after), "Cache-Control": "no-store"}


def _before(query: Query) -> str | None:
    """The position where the page begins, in the query's sort order; raises `BadRequest`."""
    if query.before is None:
        return None
    if query.sort is Sort.RECEIVED:
        return query.before.id
    if query.before.seconds is None:
        raise BadRequest("'before' must be a position that an answer gave.")
    return query.before.to_text()


def _by_day(records: Iterable[Record], sort: Sort) -> list[tuple[str, list[Record]]]:
    """The records grouped by the day when they were added (in UTC) or taken."""
    groups = groupby(records, lambda record: day_of(record, sort))
    return [(f"{day:%A}, {day.day} {day:%B %Y}", list(group)) for day, group in groups]


@blueprint.app_template_filter()
def shape(record: Record) -> int:
    """The aspect ratio in hundredths, in steps of five: the number in the style sheet's class."""
    return max(40, min(300, round(record.width / max(1, record.height) * 20) * 5))


@blueprint.app_template_filter()
def moment(text: str) -> str:
    """A time of a record as text for people; unchanged if a newer release wrote it in another format."""
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
    """The page of one image with its details: the link that people share."""
    record = services().store.get(image_id)
    return render_template("gallery/image.html", record=record, data=page_data([record], at=image_id))


@blueprint.post("/images/<image_id>/retry")
def retry(image_id: str) -> ResponseReturnValue:
    """Retry an image, from its tile."""
    services().retry(image_id)
    return redirect(url_for("gallery.index"), 303)


@blueprint.post("/retry-failed")
def retry_failed() -> ResponseReturnValue:
    """Retry all failed images."""
    with turn("change"):
        services().retry_many(services().store.failed())
    return redirect(url_for("gallery.index"), 303)


@blueprint.post("/images/<image_id>/delete")
def delete(image_id: str) -> ResponseReturnValue:
    """Delete an image, from its page."""
    services().delete(image_id)
    return redirect(url_for("gallery.index"), 303)
