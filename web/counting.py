"""Counts images per day from the folders, while there is no complete index."""

from __future__ import annotations

import threading
import time

import structlog

from pipeline.errors import volume_error
from pipeline.store import Day, DayCounts
from pipeline.threads import keep_running

_FRESH_SECONDS = 1.0
_IDLE_SECONDS = 60.0
_PATIENCE_SECONDS = 1.0
_LEISURE = 10.0
_log = structlog.get_logger()


class CountingThread:
    """Keeps the counts up to date in its own thread, as long as they are requested."""

    def __init__(self, days: DayCounts) -> None:
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
