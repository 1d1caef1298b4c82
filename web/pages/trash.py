"""The trash page: restore deleted images, or remove them permanently."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import ImageNotFound
from web.api.operations import PAGE
from web.api.serialize import serialize_trashed
from web.files.images import send_rendition
from web.live.feed import feed
from web.query_parameters import asked_id
from web.services import services

blueprint = Blueprint("trash_page", __name__)


@blueprint.get("/trash")
def index() -> ResponseReturnValue:
    """The images in the trash, newest first, or those before an id."""
    before = asked_id("before")
    events = feed().position()
    found, after = services().store.trashed_page(before, PAGE)
    return render_template(
        "gallery/trash.html",
        images=[serialize_trashed(one) for one in found],
        next=after,
        count=len(services().store.trashed_ids()),
        events=events or "",
        days=services().settings.trash_days,
    )


@blueprint.get("/trash/<image_id>/grid.webp")
def grid(image_id: str) -> Response:
    """The small picture of an image in the trash."""
    store = services().store
    record = store.trashed(image_id).record
    if "grid" not in record.renditions:
        raise ImageNotFound(image_id)
    return send_rendition(store.layout.trashed(image_id), record, "grid")


@blueprint.post("/trash/<image_id>/restore")
def restore(image_id: str) -> ResponseReturnValue:
    """Bring an image back."""
    services().restore(image_id)
    return redirect(url_for("trash_page.index"), 303)


@blueprint.post("/trash/<image_id>/purge")
def purge(image_id: str) -> ResponseReturnValue:
    """Remove an image permanently."""
    services().purge(image_id)
    return redirect(url_for("trash_page.index"), 303)


@blueprint.post("/trash/empty")
def empty() -> ResponseReturnValue:
    """Remove all permanently."""
    services().empty_trash()
    return redirect(url_for("trash_page.index"), 303)
