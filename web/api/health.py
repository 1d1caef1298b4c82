"""Health of the process and the volume. A Redis that is down is reported, but web stays ready."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pipeline.errors import GalleryError
from pipeline.queue.connection import HeldByAnother, QueueUnavailable
from web.api.answers import answer
from web.api.schemas import Alive, Ready
from web.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return answer(Alive("ok"))


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """The volume can be read; the state of the queue is reported too."""
    try:
        services().queue.status()
        queue = "ok"
    except HeldByAnother as error:
        queue = str(error)
    except QueueUnavailable:
        queue = "unreachable: uploads are accepted, thumbnails wait"
    try:
        services().store.space()
    except GalleryError as error:
        return answer(Ready("unready", str(error), queue), 503)
    return answer(Ready("ready", "ok", queue))
