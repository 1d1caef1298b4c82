"""The trash: what was deleted and can still be brought back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.ids import is_id
from pipeline.store import Trashed
from web.api.answers import answer
from web.api.serialize import serialize, version_of
from web.services import services

blueprint = Blueprint("trash", __name__, url_prefix="/api")
_MOST = 500


@blueprint.get("/trash")
def page() -> ResponseReturnValue:
    """A page of what is in the trash, newest image first."""
    before = request.args.get("before")
    if before is not None and not is_id(before):
        raise BadRequest("'before' must be the id of an image.")
    limit = request.args.get("limit", "60")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:4]) <= _MOST and len(limit) < 4):
        raise BadRequest(f"'limit' must be between 1 and {_MOST}.")
    found, after = services().store.trashed_page(before, int(limit))
    return jsonify({"images": [serialize_trashed(one) for one in found], "next": after})


@blueprint.post("/images/<image_id>/restore")
def restore(image_id: str) -> ResponseReturnValue:
    """Bring an image back from the trash, as it was."""
    return jsonify(serialize(services().restore(image_id)))


@blueprint.delete("/trash/<image_id>")
def purge(image_id: str) -> ResponseReturnValue:
    """Remove an image in the trash for good."""
    services().purge(image_id)
    return "", 204


@blueprint.delete("/trash")
def empty() -> ResponseReturnValue:
    """Remove what is in the trash for good, for some ten seconds. How many images are left is answered."""
    return answer(services().empty_trash())


def serialize_trashed(one: Trashed) -> dict[str, Any]:
    """An image in the trash as the API answers it: its record, when it was deleted, and when it goes for good."""
    expires = one.deleted_at + services().settings.trash_seconds
    links = {"restore": url_for("trash.restore", image_id=one.record.id)}
    if info := one.record.renditions.get("grid"):
        version = version_of(one.record.recipe, info.bytes)
        links["grid"] = url_for("trash_page.grid", image_id=one.record.id, v=version)
    return {
        **one.record.to_dict(),
        "deleted_at": _time(one.deleted_at),
        "expires_at": _time(expires),
        "links": links,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
