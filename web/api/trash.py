"""The trash: what was deleted and can still be brought back."""

from __future__ import annotations

import re

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from web.api.answers import answer
from web.api.operations import MOST_IN_A_PAGE, PAGE
from web.api.schemas import TrashPage
from web.api.serialize import serialize, serialize_trashed
from web.queries import asked_id
from web.services import services

blueprint = Blueprint("trash", __name__, url_prefix="/api")


@blueprint.get("/trash")
def page() -> ResponseReturnValue:
    """A page of what is in the trash, newest image first."""
    before = asked_id("before")
    limit = request.args.get("limit", str(PAGE))
    if not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= MOST_IN_A_PAGE):
        raise BadRequest(f"'limit' must be between 1 and {MOST_IN_A_PAGE}.")
    found, after = services().store.trashed_page(before, int(limit))
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
