"""The thread pool for requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


class ThreadPool(ThreadPoolExecutor):
    """`ThreadPoolExecutor` that goes on with its existing threads if the system cannot start more.

    The original raises `RuntimeError` then, although it has queued the call, which its threads still run.
    """

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise
