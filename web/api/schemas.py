"""The answers of the API, in types: `web.api.openapi` makes the description of it from them.

Paths, methods and sentences come from the routes themselves, and what each call takes from `web.api.operations`.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET, Struct, UnsetType

from pipeline.records import PublicRecord


class Links(Struct, frozen=True):
    """Where the record and the image's files are; those of renditions once they are made.

    `download` is the original's picture without where, when and by whom it was taken; `original` is there for those
    who may fetch it.
    """

    self: str
    download: str
    original: str | UnsetType = UNSET
    grid: str | UnsetType = UNSET
    view: str | UnsetType = UNSET


class Image(PublicRecord, frozen=True, kw_only=True):
    """A record, with links to itself and to the files that are there."""

    links: Links


class Uploaded(Image, frozen=True, kw_only=True):
    """The record of an upload; `restored` says that the image came back from the trash."""

    restored: bool


class TrashLinks(Struct, frozen=True):
    """Where an image in the trash is brought back, and its small picture if it has one."""

    restore: str
    grid: str | UnsetType = UNSET


class TrashedImage(PublicRecord, frozen=True, kw_only=True):
    """A record in the trash: when it was put there, and when it is removed permanently."""

    deleted_at: str
    expires_at: str
    links: TrashLinks


@dataclass(frozen=True, slots=True)
class TrashPage:
    """Records in the trash; `next` is the `before` of the next page."""

    images: list[TrashedImage]
    next: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Records; `next` is the `before` or `after` of the next page; `events` is where to listen from.

    `complete` is false while the index is built, and the folders answered.
    """

    images: list[Image]
    next: str | None
    events: str | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids of images; `next` is the `before` or `after` of the next page."""

    ids: list[str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day: how many images came in (in UTC) or were taken, the position of the newest of them, and those of every
    so-many-th as marks to page from."""

    day: str
    count: int
    first: str
    marks: list[str]


@dataclass(frozen=True, slots=True)
class Days:
    """The days on which images came in or were taken, newest first; `complete` is false until all are counted once."""

    days: list[Day]
    complete: bool


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many images were removed, and how many of those named were gone already."""

    deleted: int
    missing: int


@dataclass(frozen=True, slots=True)
class Restored:
    """How many images were brought back from the trash, and how many of those named were not in it."""

    restored: int
    missing: int


@dataclass(frozen=True, slots=True)
class Volume:
    """Room on the volume, in bytes."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: numbers of jobs and workers, age of the oldest that waits in seconds."""

    waiting: int
    oldest_seconds: float | None
    running: int
    failed: int
    workers: int


@dataclass(frozen=True, slots=True)
class Index:
    """What pages and searches come from, on the machine that answers: whether all images are in it; how many are."""

    complete: bool
    images: int


@dataclass(frozen=True, slots=True)
class Status:
    """How the work stands: `pending` images are not at their end, and `without_grid` of them have no picture yet.
    `queue` (first pictures) and `views` (large views) are null while Redis is away, and `queue_error` says why.
    `version` is that of web."""

    version: str
    pending: int
    without_grid: int
    failed: int
    trashed: int
    volume: Volume
    index: Index
    queue: Queue | None
    views: Queue | None
    queue_error: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """An error (RFC 9457); `code` is stable and meant for programs, `detail` tells a person what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The process answers."""

    status: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether the volume can be used, and what the queue says."""

    status: str
    volume: str
    queue: str
