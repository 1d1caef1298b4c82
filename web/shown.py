"""Records as the API shows them."""

from __future__ import annotations

from typing import Any

from flask import url_for

from pipeline.records import Record


def shown(record: Record) -> dict[str, Any]:
    """A record as the API answers it: with links to itself and to the files that are there."""
    links = {"self": url_for("api.one", image_id=record.id)}
    links["original"] = url_for("files.original", image_id=record.id)
    for name in record.renditions:
        links[name] = rendition_url(record, name)
    return {**record.to_dict(), "links": links}


def rendition_url(record: Record, name: str) -> str:
    """Where a rendition is; another address once it was made anew, since each is cached for good."""
    version = f"{record.recipe or 0}-{record.renditions[name].bytes}"
    return url_for("files.rendition", image_id=record.id, name=name, v=version)
