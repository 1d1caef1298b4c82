"""How the work stands, for people and scripts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from pipeline.queue.connection import HeldByAnother, QueueUnavailable
from web.services import services

blueprint = Blueprint("status", __name__, url_prefix="/api")


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """Outbox and volume always; the queue if Redis answers."""
    space = services().store.space()
    body: dict[str, Any] = {
        "pending": len(services().store.pending()),
        "failed": len(services().store.failed()),
        "volume": {"free_bytes": space.free, "total_bytes": space.total},
        "queue": None,
        "queue_error": None,
    }
    try:
        queue = services().queue.status()
    except QueueUnavailable as error:
        held = isinstance(error, HeldByAnother)
        body["queue_error"] = str(error) if held else "Redis does not answer: uploads are accepted, thumbnails wait"
        return jsonify(body)
    body["queue"] = {
        "waiting": queue.waiting,
        "oldest_seconds": queue.oldest_seconds,
        "running": queue.running,
        "failed": queue.failed,
        "workers": queue.workers,
    }
    return jsonify(body)
