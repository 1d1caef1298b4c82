"""The trash: what was deleted and can still be brought back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.records import stamp
from pipeline.store import Trashed
from web.api.answers import answer
from web.api.operations import MOST_IN_A_PAGE, PAGE
from web.api.serialize import serialize, version_of
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
    return jsonify({"images": [serialize_trashed(one) for one in found], "next": after})


@blueprint.post("/images/<image_id>/restore")
def restore(image_id: str) -> ResponseReturnValue:
    """Bring an image back from the trash, as it was."""
    return jsonify(serialize(services().restore(image_id)))


@blueprint.delete("/trash/<image_id>")
def purge(image_id: str) -> ResponseReturnValue:
    """Permanently remove an image in the trash."""
    services().purge(image_id)
    return "", 204


@blueprint.delete("/trash")
def empty() -> ResponseReturnValue:
    """Permanently remove what is in the trash, for some ten seconds. How many images are left is answered."""
    return answer(services().empty_trash())


def serialize_trashed(one: Trashed) -> dict[str, Any]:
    """An image in the trash as the API answers it: its record, when it was deleted and when it will be removed."""
    expires = one.deleted_at + services().settings.trash_seconds
    links = {"restore": url_for("trash.restore", image_id=one.record.id)}
    if info := one.record.renditions.get("grid"):
        version = version_of(one.record.recipe, info.bytes)
        links["grid"] = url_for("trash_page.grid", image_id=one.record.id, v=version)
    return {
        **one.record.to_dict(),
        "deleted_at": stamp(datetime.fromtimestamp(one.deleted_at, UTC)),
        "expires_at": stamp(datetime.fromtimestamp(expires, UTC)),
        "links": links,
    }
