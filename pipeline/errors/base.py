"""What all named errors have in common."""

from __future__ import annotations

from typing import ClassVar


class BadSetting(Exception):
    """A setting in the environment cannot be used; the message names it."""


class GalleryError(Exception):
    """Base of every error a person may see.

    `code` is stable and meant for programs, `str(error)` is a sentence that says what to do. If `retry_after` is set,
    it makes sense to try again after so many seconds.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    retry_after: int | None = None
