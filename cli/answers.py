"""The parts of the API's answers that the commands need. Any other answer is not from a gallery."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from pipeline.ids import PATTERN, SHA256

Id = Annotated[str, msgspec.Meta(pattern=rf"\A(?:{PATTERN.pattern})\Z")]
Hash = Annotated[str, msgspec.Meta(pattern=rf"\A{SHA256.pattern}\Z")]
Time = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T")]


class Reason(msgspec.Struct, frozen=True):
    """Why an image failed."""

    code: str
    message: str


class Image(msgspec.Struct, frozen=True):
    """A record; `bytes` is the size of the original."""

    id: Id
    name: str
    state: str
    bytes: int
    sha256: Hash
    received_at: Time
    reason: Reason | None = None
    links: dict[str, str] = {}

    @property
    def has_original(self) -> bool:
        """Whether the caller may fetch the original; a gallery of release 0.1 offers nothing else."""
        return "original" in self.links or "download" not in self.links


class Page(msgspec.Struct, frozen=True):
    """A page of records, unparsed, and the id that the next page starts from."""

    images: list[dict[str, Any]]
    next: Id | None = None


class Retried(msgspec.Struct, frozen=True):
    """How many failed images are retried, and how many are left for another call."""

    retried: int
    left: int = 0


class Emptied(msgspec.Struct, frozen=True):
    """How many images were removed from the trash, and how many are left for another call."""

    deleted: int
    left: int = 0


class Queue(msgspec.Struct, frozen=True):
    """The queue; the age is in seconds."""

    waiting: int
    running: int
    workers: int
    oldest_seconds: float | None = None


class Volume(msgspec.Struct, frozen=True):
    """Room on the volume, in bytes."""

    free_bytes: int
    total_bytes: int


class Status(msgspec.Struct, frozen=True):
    """The outbox, the volume, and the queues while Redis answers; `without_grid` of the `pending` images have no
    picture yet."""

    pending: int
    failed: int
    volume: Volume
    queue: Queue | None
    queue_error: str | None = None
    views: Queue | None = None
    without_grid: int | None = None


class Problem(msgspec.Struct, frozen=True):
    """A refusal (RFC 9457)."""

    code: str
    detail: str
