"""The number of images per day, which the page uses to lay out a long gallery before it has the records."""

from __future__ import annotations

import gzip
import threading
import time
from typing import cast

import structlog
from flask import Blueprint, Response, current_app, request

from pipeline.errors import BadRequest, volume_error
from pipeline.store import Day, Days
from pipeline.store.days import EVERY
from pipeline.threads import keep_running
from web.api import schemas
from web.api.answers import answer

blueprint = Blueprint("days", __name__, url_prefix="/api")
_FRESH_SECONDS = 1.0
_IDLE_SECONDS = 60.0
_PATIENCE_SECONDS = 1.0
_LEISURE = 10.0
_log = structlog.get_logger()


class Calendar:
    """Keeps the counts up to date in a thread of its own, while requests for them come in."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self._changed = threading.Condition()
        self._asked = 0.0
        self._fresh = float("-inf")
        self._error: OSError | None = None
        self._thread: threading.Thread | None = None

    def ask(self) -> tuple[list[Day], bool]:
        """The days, newest first, at most a second old; and whether all were counted.

        Raises the volume's named errors.
        """
        with self._changed:
            self._asked = asked = time.monotonic()
            if self._thread is None:
                self._thread = keep_running("days", self._run)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fresh > asked - _FRESH_SECONDS, _PATIENCE_SECONDS)
            if self._error is not None:
                raise volume_error(self._error)
        return self._days.days(), self._days.complete

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self._days.refresh()
                error = None
            except OSError as failure:
                error = failure
                _log.warning("days not counted", error=str(failure))
            took = time.monotonic() - began
            with self._changed:
                self._fresh, self._error = began, error
                self._changed.notify_all()
            time.sleep(min(30.0, max(_FRESH_SECONDS, _LEISURE * took)))
            with self._changed:
                self._changed.wait_for(lambda: time.monotonic() - self._asked < _IDLE_SECONDS)


@blueprint.get("/days")
def days() -> Response:
    """The days, newest first: number of images, the newest one, and with `every` each `every`th one as a mark."""
    step = _step()
    found, complete = cast(Calendar, current_app.extensions["days"]).ask()
    marks = slice(step - 1, None, step) if step else slice(0)
    shown = [schemas.Day(day.day, day.count, day.first, list(day.marks[marks])) for day in found]
    response = answer(schemas.Days(shown, complete))
    response.cache_control.no_cache = True
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(response.get_data(), 1, mtime=0))
        response.content_encoding = "gzip"
    response.add_etag()
    response.make_conditional(request)
    return response


def _step() -> int:
    """Of the counted marks, take each so-many-th; 0 for none."""
    try:
        every = int(request.args.get("every", "0"))
    except ValueError:
        raise BadRequest("'every' must be a whole number.") from None
    if every < 0 or every % EVERY or ("every" in request.args and not every):
        raise BadRequest(f"'every' must be a multiple of {EVERY}.")
    return every // EVERY
