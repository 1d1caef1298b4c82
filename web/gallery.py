"""The gallery page, complete without JavaScript."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.formats import ACCEPTED_LABEL, Format
from pipeline.ids import is_id
from pipeline.jobs import QueueUnavailable
from pipeline.records import State
from web import api
from web.upload import desk, refusals

blueprint = Blueprint("gallery", __name__)
_PAGE = 60


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The newest images, or those before an id."""
    before = request.args.get("before")
    if before is not None and not is_id(before):
        raise BadRequest("'before' must be the id of an image.")
    page = desk().store.page(before, _PAGE)
    waiting = len(desk().store.pending())
    return render_template(
        "gallery/index.html",
        page=page,
        before=before,
        refused=refusals(request.args.getlist("refused")),
        waiting=waiting,
        failed=len(desk().store.failed()),
        queue_down=not _queue_answers(),
        refresh=before is None and not request.args and any(record.state is State.PENDING for record in page.records),
        accepted=ACCEPTED_LABEL,
        accept_types=",".join(kind.content_type for kind in Format),
        max_mb=desk().settings.max_upload_bytes // (1024 * 1024),
    )


def _queue_answers() -> bool:
    try:
        desk().queue.status()
    except QueueUnavailable:
        return False
    return True


@blueprint.get("/images/<image_id>")
def image(image_id: str) -> ResponseReturnValue:
    """One image with what is known of it: a link that can be shared."""
    return render_template("gallery/image.html", record=desk().store.get(image_id))


@blueprint.post("/images/<image_id>/retry")
def retry(image_id: str) -> ResponseReturnValue:
    """Try again, from the tile."""
    desk().send(desk().store.retry(image_id))
    return redirect(url_for("gallery.index"), 303)


@blueprint.post("/retry-failed")
def retry_failed() -> ResponseReturnValue:
    """Try all again."""
    api.retry_all()
    return redirect(url_for("gallery.index"), 303)


@blueprint.post("/images/<image_id>/delete")
def delete(image_id: str) -> ResponseReturnValue:
    """Delete, from the image's page."""
    api.remove(image_id)
    return redirect(url_for("gallery.index"), 303)
