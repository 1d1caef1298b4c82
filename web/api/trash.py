"""The trash: what was deleted and can still be brought back."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from web.api.answers import answer
from web.api.operations import LIMIT
from web.api.schemas import TrashPage
from web.api.serialize import serialize, serialize_trashed
from web.parameters import asked_integer
from web.query_parameters import asked_id
from web.services import services

blueprint = Blueprint("trash", __name__, url_prefix="/api")


@blueprint.get("/trash")
def page() -> ResponseReturnValue:
    """A page of what is in the trash, newest image first."""
    before = asked_id("before")
    found, after = services().store.trashed_page(before, asked_integer(LIMIT))
    return answer(TrashPage([serialize_trashed(one) for one in found], after))


@blueprint.post("/images/<image_id>/restore")
def restore(image_id: str) -> ResponseReturnValue:
    """Bring an image back from the trash, as it was."""
    return answer(serialize(services().restore(image_id)))


@blueprint.delete("/trash/<image_id>")
def purge(image_id: str) -> ResponseReturnValue:
    """Permanently remove an image in the trash."""
    services().purge(image_id)
    return "", 204


@blueprint.delete("/trash")
def empty() -> ResponseReturnValue:
    """Permanently remove what is in the trash, for some ten seconds. How many images are left is answered."""
    return answer(services().empty_trash())
