"""The state of the outbox, the queue and the volume, for people and scripts."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pipeline.queue.connection import HeldByAnother, QueueUnavailable
from pipeline.queue.jobs import QueueStatus
from pipeline.version import VERSION
from web.api import schemas
from web.api.answers import answer
from web.listing import listing
from web.services import services

blueprint = Blueprint("status", __name__, url_prefix="/api")


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """Outbox and volume always; the queues if Redis answers."""
    store, queue, views, error = services().store, None, None, None
    space, waiting, progress = store.space(), store.waiting(), listing().progress()
    try:
        queue, views = _shown(services().queue.status()), _shown(services().queue.views_status())
    except QueueUnavailable as unavailable:
        held = isinstance(unavailable, HeldByAnother)
        error = str(unavailable) if held else "Redis does not answer: uploads are accepted, thumbnails wait"
    body = schemas.Status(
        version=VERSION,
        pending=waiting.grids + waiting.views,
        without_grid=waiting.grids,
        failed=len(store.failed()),
        trashed=len(store.trashed_ids()),
        volume=schemas.Volume(space.free, space.total),
        index=schemas.Index(progress.is_whole, progress.images),
        queue=queue if error is None else None,
        views=views,
        queue_error=error,
    )
    return answer(body)


def _shown(status: QueueStatus) -> schemas.Queue:
    return schemas.Queue(status.waiting, status.oldest_seconds, status.running, status.failed, status.workers)
