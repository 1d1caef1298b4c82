"""The API: records as JSON."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest, GalleryError
from pipeline.ids import is_id
from pipeline.jobs import QueueUnavailable
from pipeline.records import State
from web.feed import feed
from web.shown import shown
from web.upload import desk, receive_one

blueprint = Blueprint("api", __name__, url_prefix="/api")
_MOST = 500
_SHA256 = re.compile(r"[0-9a-f]{64}")


@blueprint.post("/images")
def upload() -> ResponseReturnValue:
    """Accept one picture: 201 and its record, or 200 and the standing record of the same bytes."""
    accepted = receive_one()
    body = shown(accepted.record)
    return jsonify(body), 201 if accepted.new else 200, {"Location": body["links"]["self"]}


@blueprint.get("/images")
def many() -> ResponseReturnValue:
    """A page of records, newest first, and the event from which on listening misses no change of them.

    With `after` it is the page above an id: those just newer, oldest first. With `sha256` it is the one image that
    holds these bytes, or none: whoever has the bytes can ask before sending them.
    """
    before, after = _id("before"), _id("after")
    try:
        limit = int(request.args.get("limit", "60"))
        state = State(request.args["state"]) if "state" in request.args else None
        if state is not None and not state.is_known:
            raise ValueError(state)
    except ValueError:
        raise BadRequest("'limit' must be a whole number, 'state' one of pending, ready, failed.") from None
    if not 1 <= limit <= _MOST:
        raise BadRequest(f"'limit' must be between 1 and {_MOST}.")
    if (sha256 := request.args.get("sha256")) is not None:
        return _holding(sha256)
    events = feed().position()
    if after is None:
        page = desk().store.page(before, limit, state)
    else:
        page = desk().store.page_after(after, before, limit, state)
    return jsonify({"images": [shown(record) for record in page.records], "next": page.next, "events": events})


def _holding(sha256: str) -> ResponseReturnValue:
    if not _SHA256.fullmatch(sha256):
        raise BadRequest("'sha256' must be 64 hexadecimal digits in lower case.")
    events, record = feed().position(), desk().store.holding(sha256)
    return jsonify({"images": [shown(record)] if record else [], "next": None, "events": events})


def _id(name: str) -> str | None:
    value = request.args.get(name)
    if value is not None and not is_id(value):
        raise BadRequest(f"'{name}' must be the id of an image.")
    return value


@blueprint.get("/images/<image_id>")
def one(image_id: str) -> ResponseReturnValue:
    """One record."""
    return jsonify(shown(desk().store.get(image_id)))


@blueprint.delete("/images/<image_id>")
def delete(image_id: str) -> ResponseReturnValue:
    """Remove an image whole."""
    remove(image_id)
    return "", 204


def remove(image_id: str) -> None:
    """Delete an image, and its job where Redis answers."""
    desk().store.delete(image_id)
    try:
        desk().queue.remove(image_id)
    except QueueUnavailable:
        desk().events.missed()
        return
    desk().events.deleted(image_id)


@blueprint.post("/images/<image_id>/retry")
def retry(image_id: str) -> ResponseReturnValue:
    """Try a failed image again."""
    record = desk().store.retry(image_id)
    desk().send(record)
    return jsonify(shown(record)), 202


@blueprint.post("/retry-failed")
def retry_failed() -> ResponseReturnValue:
    """Try every failed image again."""
    return jsonify({"retried": retry_all()}), 202


def retry_all() -> int:
    """Try every failed image again; how many they were."""
    count = 0
    for image_id in desk().store.failed():
        try:
            record = desk().store.retry(image_id)
        except GalleryError:
            continue
        desk().send(record)
        count += 1
    return count


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """How the work stands: the outbox and the volume always, the queue where Redis answers."""
    space = desk().store.space()
    body: dict[str, Any] = {
        "pending": len(desk().store.pending()),
        "failed": len(desk().store.failed()),
        "volume": {"free_bytes": space.free, "total_bytes": space.total},
        "queue": None,
    }
    try:
        queue = desk().queue.status()
    except QueueUnavailable:
        return jsonify(body)
    body["queue"] = {
        "waiting": queue.waiting,
        "oldest_seconds": queue.oldest_seconds,
        "running": queue.running,
        "failed": queue.failed,
        "workers": queue.workers,
    }
    return jsonify(body)
