"""Limits long-running requests: many at once would slow down every request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import BoundedSemaphore
from typing import Literal, cast

from flask import Flask, current_app

from pipeline.errors import GalleryError

_WAIT_SECONDS = 10
# Making a zip is CPU-bound; deletes and retries mostly wait for the disk, and some last ten seconds.
_ZIPS, _CHANGES = 1, 8


class TooManyLongRequests(GalleryError):
    """The maximum number of long requests is in progress."""

    code, title = "busy", "Too many people are here"
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("Too many long requests are being worked on. Try again in a moment.")


class Turns:
    """Limits how many requests run at once; the others wait for some seconds."""

    def __init__(self, at_once: int) -> None:
        self._free = BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn; raises `TooManyLongRequests` if none comes in time."""
        if not self._free.acquire(timeout=_WAIT_SECONDS):
            raise TooManyLongRequests
        try:
            yield
        finally:
            self._free.release()


def register(app: Flask) -> None:
    """Limit the bulk calls of this process."""
    app.extensions["turns"] = {"zip": Turns(_ZIPS), "change": Turns(_CHANGES)}


def turn(kind: Literal["zip", "change"]) -> AbstractContextManager[None]:
    """A context manager for a turn of the running app."""
    return cast(dict[str, Turns], current_app.extensions["turns"])[kind].turn()
