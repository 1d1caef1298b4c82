"""What the spans of a trace say of an image."""

from __future__ import annotations

from pipeline.records import Record


def of_id(image_id: str) -> dict[str, str | int]:
    """Which image a span is about."""
    return {"gallery.image.id": image_id}


def of_record(record: Record) -> dict[str, str | int]:
    """The same, with its format and its size in bytes."""
    known = {"gallery.image.format": record.format.value, "gallery.image.bytes": record.bytes}
    return {**of_id(record.id), **known}
