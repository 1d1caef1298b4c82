"""Records as the API answers them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from flask import request, url_for
from msgspec import UNSET

from pipeline.records import Record
from pipeline.store import Accepted, Trashed
from pipeline.times import format_rfc3339
from web.access.originals import may_fetch_originals
from web.api.schemas import Image, Links, TrashedImage, TrashLinks, Uploaded
from web.services import services

_ANY = "00000000-0000-7000-8000-000000000000"


def serialize(record: Record, *, original: bool | None = None) -> Image:
    """A record with links to itself and to the files that exist.

    `original` says whether the reader may fetch the original; None means the caller of this request.
    """
    return Image(**record.public(), links=_links(record, original=original))


def serialize_upload(accepted: Accepted) -> Uploaded:
    """The record of an upload."""
    return Uploaded(**accepted.record.public(), links=_links(accepted.record), restored=accepted.restored)


def serialize_trashed(one: Trashed) -> TrashedImage:
    """An image in the trash: its record, when it was deleted and when it will be removed."""
    expires_at = one.deleted_at + services().settings.trash_seconds
    links = TrashLinks(url_for("trash.restore", image_id=one.record.id))
    if info := one.record.renditions.get("grid"):
        version = version_of(one.record.recipe, info.bytes)
        links = TrashLinks(links.restore, url_for("trash_page.grid", image_id=one.record.id, v=version))
    return TrashedImage(
        **one.record.public(),
        deleted_at=format_rfc3339(datetime.fromtimestamp(one.deleted_at, UTC)),
        expires_at=format_rfc3339(datetime.fromtimestamp(expires_at, UTC)),
        links=links,
    )


def rendition_url(record: Record, name: str) -> str:
    """The address of a rendition. It changes when the rendition is made again, because caches keep each forever."""
    info = record.renditions[name]
    return f"{_address(name, record.id)}.{info.format.extension}?v={version_of(record.recipe, info.bytes)}"


def version_of(recipe: int | None, size: int) -> str:
    """The version of a rendition: its recipe and its size in bytes."""
    return f"{recipe or 0}-{size}"


def _links(record: Record, *, original: bool | None = None) -> Links:
    shows_original = may_fetch_originals() if original is None else original
    return Links(
        _address("self", record.id),
        _address("download", record.id),
        _address("original", record.id) if shows_original else UNSET,
        **{name: rendition_url(record, name) for name in record.renditions},
    )


def _address(what: str, image_id: str) -> str:
    return _addresses(request.script_root)[what].replace(_ANY, image_id)


def _stem(address: str) -> str:
    return address.rpartition(".")[0]


@lru_cache(maxsize=16)
def _addresses(_root: str) -> dict[str, str]:
    """The URLs of one image and its files below a root; those of renditions lack the extension. Built here, because
    Flask's `url_for` would take a third of the time of a page."""
    return {
        "self": url_for("api.one", image_id=_ANY),
        "original": url_for("files.original", image_id=_ANY),
        "download": url_for("files.download", image_id=_ANY),
        "grid": _stem(url_for("files.rendition", image_id=_ANY, file="grid.webp")),
        "view": _stem(url_for("files.rendition", image_id=_ANY, file="view.webp")),
    }
