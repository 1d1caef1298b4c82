"""Repairs of an image's record: rewrite it from the original, put it back, or correct it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.errors import GalleryError
from pipeline.ids import made_at
from pipeline.records import Record
from pipeline.store import duplicates
from pipeline.store.acceptance import describe
from pipeline.store.checks.disk import sha256
from pipeline.store.repairs import Step, claim, mark, render_anew
from pipeline.times import format_rfc3339
from pipeline.volume.files import flush_folder, open_file, replace_whole, stage
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume


def describe_anew(
    volume: Volume, image_id: str, original: Path, claimed: Collection[str], *, uploaded: str | None
) -> Step | None:
    """Write a record from the original and have it rendered; None if the original is no picture.

    When it was received follows from the id; its name is lost. `uploaded` is the hash of the bytes as they were
    uploaded, if they are known to be others. Claims on other bytes (`claimed`) are dropped.
    """
    record = _described(image_id, original)
    if record is None:
        return None
    record = record.with_(received_at=format_rfc3339(made_at(image_id)), uploaded_sha256=uploaded)

    def step() -> None:
        if sha256(original) != record.sha256:
            raise OSError(f"{original.name} of {image_id} has changed meanwhile")
        mark(volume, image_id)()
        if original.name != record.original:
            original.rename(original.with_name(record.original))
        replace_whole(original.with_name(RECORD), record.to_json())
        claim(volume, record)()
        for digest in set(claimed) - {record.sha256}:
            with duplicates.holding_lock(volume, digest):
                duplicates.drop(volume, digest, image_id)

    return step


def correct_record(volume: Volume, record: Record, original: Path) -> Step | None:
    """Write into a record what its original says; None if the original is no picture of the record's format.

    If the renditions were made from damaged bytes, they are made again.
    """
    found = _described(record.id, original)
    if found is None or found.format is not record.format:
        return None
    right = record.with_(
        **{name: getattr(found, name) for name in ("bytes", "sha256", "width", "height", "animated", "frames")},
        duration_ms=found.duration_ms,
        uploaded_sha256=None,
    )

    def step() -> None:
        replace_whole(original.with_name(RECORD), right.to_json())
        claim(volume, right)()
        if record.uploaded_sha256:
            render_anew(volume, record.id)()

    return step


def put_records(records: Mapping[Path, bytes]) -> Step:
    """Put each record in its place. All are written beside their places first, so that none is lost in between."""

    def step() -> None:
        staged = {path: stage(path, data) for path, data in records.items()}
        for path in staged:
            flush_folder(path.parent)
        for path, temporary in staged.items():
            temporary.replace(path)
            flush_folder(path.parent)

    return step


def _described(image_id: str, original: Path) -> Record | None:
    with suppress(OSError, GalleryError), open_file(original) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return describe(file, image_id, name="", size=file.tell(), sha256=digest, limits=None)
    return None
