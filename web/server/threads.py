"""Threads for requests, as many as there are to be had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


class ThreadPool(ThreadPoolExecutor):
    """`ThreadPoolExecutor` that goes on with the threads it has if the system gives it no more.

    The original raises `RuntimeError` then, although it has queued the call, which its threads make nevertheless.
    """

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise
