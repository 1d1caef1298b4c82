"""The page for operators: queues, workers, outbox, volume, failures and sweeps. It works without JavaScript."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.queue.watch import MINUTES
from web.live.feed import feed
from web.overview import MOST_FAILURES, failures, overviews
from web.services import services
from web.turns import turn

blueprint = Blueprint("status_page", __name__)
_SWEEPS_SHOWN = 6
_FINDINGS = {
    "drafts": "unfinished uploads removed",
    "deleted": "interrupted deletes finished",
    "markers": "markers without an image removed",
    "failures": "outdated failure marks removed",
    "enqueued": "enqueued anew",
    "expired": "removed from the trash",
}


@blueprint.get("/status")
def index() -> ResponseReturnValue:
    """The state of the whole pipeline."""
    events = feed().position()
    found = overviews().get()
    page = render_template(
        "status/index.html",
        found=found,
        verdict=_verdict(found.volume_error, found.queue_error, found.watched.all_workers if found.watched else 0),
        events=events or "",
        minutes=MINUTES,
        most_failures=MOST_FAILURES,
        sweeps=found.sweeps[:_SWEEPS_SHOWN],
        findings=_FINDINGS,
    )
    return page, {"Cache-Control": "no-store"}


@blueprint.post("/status/retry")
def retry() -> ResponseReturnValue:
    """Retry the failed images with one reason, as many as are listed."""
    code = request.form.get("code", "")
    if not code:
        raise BadRequest("'code' must be the code of a reason.")
    with turn("change"):
        for group in failures(services().store):
            if group.code == code:
                services().retry_many([record.id for record in group.images])
    overviews().drop()
    return redirect(url_for("status_page.index"), 303)


def _verdict(volume_error: str | None, queue_error: str | None, workers: int) -> str:
    """What is wrong, worst first; "" if all is well."""
    if volume_error:
        return volume_error
    if queue_error:
        return f"{queue_error}."
    return "" if workers else "No worker is running: uploads are accepted, thumbnails wait."


@blueprint.app_template_filter()
def ago(seconds: float | None) -> str:
    """A duration as short text."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return "under 1 s"
    for unit, size, below in (("s", 1, 90), ("min", 60, 5400), ("h", 3600, 172800)):
        if seconds < below:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
