"""The API: records as JSON."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from web.api.answers import answer
from web.api.operations import LIMIT
from web.api.schemas import Page
from web.api.serialize import serialize, serialize_upload
from web.listing import listing
from web.live.feed import feed
from web.parameters import asked_integer
from web.query_parameters import PARAMETERS, asked_query, asked_sha256, require_known
from web.services import services
from web.turns import turn
from web.uploads import receive_one

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.post("/images")
def upload() -> ResponseReturnValue:
    """Accept one picture: 201 and its record, or 200 and the existing record of the same bytes.

    An image in the trash is restored by it; `restored` says so.
    """
    accepted = receive_one()
    body = serialize_upload(accepted)
    return answer(body, 201 if accepted.new else 200), {"Location": body.links.self}


@blueprint.get("/images")
def page() -> ResponseReturnValue:
    """A page of records, newest first, and the event to start listening after without missing a change.

    Sorted by when they came in or were `taken`; `before` and `after` are positions in that order, which stay good while
    images come and go. With `after`, the images just newer, oldest first. With `sha256`, the image with this hash, or
    none: ask before uploading.
    """
    require_known(*PARAMETERS, "limit", "sha256")
    query = asked_query()
    limit = asked_integer(LIMIT)
    if (sha256 := asked_sha256()) is not None:
        return _find_by_hash(sha256)
    found = listing().page(query, limit)
    images = [serialize(record) for record in found.records]
    return answer(Page(images, found.next, found.events, found.complete))


def _find_by_hash(sha256: str) -> ResponseReturnValue:
    events, record = feed().position(), services().store.find_by_hash(sha256)
    images = [serialize(record)] if record else []
    return answer(Page(images, next=None, events=events, complete=True))


@blueprint.get("/images/<image_id>")
def one(image_id: str) -> ResponseReturnValue:
    """One record."""
    return answer(serialize(services().store.get(image_id)))


@blueprint.delete("/images/<image_id>")
def delete(image_id: str) -> ResponseReturnValue:
    """Delete an image: it is put into the trash, or removed at once if none is kept."""
    services().delete(image_id)
    return "", 204


@blueprint.post("/images/<image_id>/retry")
def retry(image_id: str) -> ResponseReturnValue:
    """Try a failed image again."""
    return answer(serialize(services().retry(image_id)), 202)


@blueprint.post("/retry-failed")
def retry_failed() -> ResponseReturnValue:
    """Retry failed images, oldest first, up to 1000 in one call; answers how many are left."""
    with turn("change"):
        return answer(services().retry_many(services().store.failed()), 202)
