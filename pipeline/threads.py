"""Threads that outlive their mistakes: what one raises is logged and counted, and it is started again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from prometheus_client import Counter

RESTARTS = Counter("gallery_thread_restarts", "Threads that died of an error and were started again.", ["thread"])

_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
_HEALTHY_SECONDS = 60.0
_log = structlog.get_logger()


def keep_running(name: str, run: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread that runs `run` until it returns, and again after a pause whenever it raises.

    The pauses grow from one second to thirty; a run of a minute ends the growth.
    """
    thread = threading.Thread(target=_keep, args=(name, run), name=name, daemon=True)
    thread.start()
    return thread


def rest_since(began: float, *, times: float, at_most: float) -> None:
    """Sleep for `times` as long as has passed since `began` (by `time.monotonic`), but for `at_most` seconds.

    Other threads get the processor meanwhile, and what comes in is handled together afterwards.
    """
    time.sleep(min(at_most, times * (time.monotonic() - began)))


def _keep(name: str, run: Callable[[], None]) -> None:
    RESTARTS.labels(name)  # so that it reads 0 and not nothing
    failures = 0
    while True:
        began = time.monotonic()
        try:
            run()
        except Exception:  # noqa: BLE001 - whatever it was, the thread must go on
            _log.exception("thread died, starting it again", thread=name)
        else:
            return
        RESTARTS.labels(name).inc()
        failures = 1 if time.monotonic() - began > _HEALTHY_SECONDS else failures + 1
        time.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1])
