"""Records as the API answers them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import request, url_for

from pipeline.records import Record
from web.access.originals import may_fetch_originals

_ANY = "00000000-0000-7000-8000-000000000000"


def serialize(record: Record, *, original: bool | None = None) -> dict[str, Any]:
    """A record with links to itself and to the files that exist.

    `original` says whether the reader may fetch the original; None means the caller of this request.
    """
    links = {"self": _address("self", record.id), "download": _address("download", record.id)}
    if may_fetch_originals() if original is None else original:
        links["original"] = _address("original", record.id)
    for name in record.renditions:
        links[name] = rendition_url(record, name)
    return {**record.to_dict(), "links": links}


def rendition_url(record: Record, name: str) -> str:
    """The address of a rendition. It changes when the rendition is made again, because caches keep each forever."""
    info = record.renditions[name]
    return f"{_address(name, record.id)}.{info.format.extension}?v={version_of(record.recipe, info.bytes)}"


def version_of(recipe: int | None, size: int) -> str:
    """The version of a rendition: its recipe and its size in bytes."""
    return f"{recipe or 0}-{size}"


def _address(what: str, image_id: str) -> str:
    return _addresses(request.script_root)[what].replace(_ANY, image_id)


def _stem(address: str) -> str:
    return address.rpartition(".")[0]


@lru_cache(maxsize=16)
def _addresses(_root: str) -> dict[str, str]:
    """The addresses of one image and its files below a root, those of renditions without an extension; asking Flask
    for each would be a third of a page."""
    return {
        "self": url_for("api.one", image_id=_ANY),
        "original": url_for("files.original", image_id=_ANY),
        "download": url_for("files.download", image_id=_ANY),
        "grid": _stem(url_for("files.rendition", image_id=_ANY, file="grid.webp")),
        "view": _stem(url_for("files.rendition", image_id=_ANY, file="view.webp")),
    }
