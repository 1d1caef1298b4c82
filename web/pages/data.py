"""The data embedded in a page for its script, as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from pipeline.images.formats import ACCEPTED_LABEL, ACCEPTED_TYPES
from pipeline.records import Record
from web.api.schemas import Image
from web.api.serialize import serialize
from web.files.assets import asset
from web.index import Query
from web.pages.wanted import Wanted
from web.services import services


class PageData(msgspec.Struct, frozen=True, rename="camel"):
    """A run of images without a gap, as the API answers them, the event to listen from, and what may be uploaded.

    `before` is the position the run begins at, `end` whether it reaches the oldest image, and `open` the image to show
    large; `now` is the server's clock in milliseconds since the epoch.
    """

    images: list[Image]
    before: str | None
    end: bool
    open: str | None
    events: str | None
    query: dict[str, Any]
    nothing: dict[str, Any] | None
    now: int
    accepted: str
    types: tuple[str, ...]
    max_bytes: int
    viewer_style: str | None
    preview_worker: str | None
    trash_days: int


def page_data(
    records: Iterable[Record],
    *,
    before: str | None = None,
    end: bool = False,
    at: str | None = None,
    events: str | None = None,
    wanted: Wanted | None = None,
) -> PageData:
    """The data of a page that shows these records, or has the image `at` open."""
    wanted = wanted or Wanted(Query())
    settings = services().settings
    return PageData(
        images=[serialize(record) for record in records],
        before=before,
        end=end,
        open=at,
        events=events,
        query=wanted.start(),
        nothing=wanted.nothing(),
        now=time.time_ns() // 1_000_000,
        accepted=ACCEPTED_LABEL,
        types=tuple(ACCEPTED_TYPES),
        max_bytes=settings.max_upload_bytes,
        viewer_style=asset("lightbox.css"),
        preview_worker=asset("preview-worker.js"),
        trash_days=settings.trash_days,
    )
