"""The state of the outbox, the queue and the volume, for people and scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from pipeline.queue.connection import HeldByAnother, QueueUnavailable
from pipeline.version import VERSION
from web.services import services

blueprint = Blueprint("status", __name__, url_prefix="/api")


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """Outbox and volume always; the queues if Redis answers."""
    space, waiting = services().store.space(), services().store.waiting()
    body: dict[str, Any] = {
        "version": VERSION,
        "pending": waiting.grids + waiting.views,
        "without_grid": waiting.grids,
        "failed": len(services().store.failed()),
        "trashed": len(services().store.trashed_ids()),
        "volume": {"free_bytes": space.free, "total_bytes": space.total},
        "queue": None,
        "views": None,
        "queue_error": None,
    }
    try:
        queue, views = services().queue.status(), services().queue.views_status()
    except QueueUnavailable as error:
        held = isinstance(error, HeldByAnother)
        body["queue_error"] = str(error) if held else "Redis does not answer: uploads are accepted, thumbnails wait"
        return jsonify(body)
    body["queue"], body["views"] = asdict(queue), asdict(views)
    return jsonify(body)
