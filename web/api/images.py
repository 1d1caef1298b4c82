"""The API: records as JSON."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.ids import SHA256
from web.api.answers import answer
from web.api.operations import MOST_IN_A_PAGE, PAGE
from web.api.schemas import Page
from web.api.serialize import serialize, serialize_upload
from web.finding import finder
from web.live.feed import feed
from web.queries import PARAMETERS, asked_query, require_known
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
    try:
        limit = int(request.args.get("limit", str(PAGE)))
    except ValueError:
        raise BadRequest("'limit' must be a whole number.") from None
    if not 1 <= limit <= MOST_IN_A_PAGE:
        raise BadRequest(f"'limit' must be between 1 and {MOST_IN_A_PAGE}.")
    if (sha256 := request.args.get("sha256")) is not None:
        return _find_by_hash(sha256)
    found = finder().page(query, limit)
    images = [serialize(record) for record in found.records]
    return answer(Page(images, found.next, found.events, found.complete))


def _find_by_hash(sha256: str) -> ResponseReturnValue:
    if not SHA256.fullmatch(sha256):
        raise BadRequest("'sha256' must be 64 hexadecimal digits in lower case.")
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
