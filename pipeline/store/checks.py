"""The rules of a volume, checked one by one: what breaks them has a name, and mostly a way to be mended.

Nothing here assumes that the services stand still: what is in the hands of a live process (it holds a lock) is
passed over. What was merely seen in the middle of a step is gone at a second look, which the caller takes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.ids import is_id
from pipeline.records import RENDITIONS, Record, State
from pipeline.store import repairs
from pipeline.store.cleanup import is_abandoned
from pipeline.store.duplicates import claimed_by
from pipeline.store.store import Store
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import is_locked

Decode = Callable[[Path], tuple[int, int]]
"""Decode a rendition whole and tell its size in pixels; raises `ValueError` where it is no whole picture."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken: a stable code, where, a sentence, and what mends it (None: nothing does)."""

    code: str
    where: str
    sentence: str
    mend: Callable[[], None] | None = None


def images(store: Store) -> list[Path]:
    """Every folder that stands where an image's should, oldest first; raises `OSError` where there is no volume."""
    layout = store.layout
    layout.images.stat()
    return [
        bucket / name
        for day in _folders(layout.images)
        for bucket in _folders(day)
        for name in _names(bucket)
        if (bucket / name).is_dir()
    ]


def _folders(folder: Path) -> list[Path]:
    return [folder / name for name in _names(folder) if (folder / name).is_dir()]


def _names(folder: Path) -> list[str]:
    """The entries of a folder in order; none where it is gone."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def check_image(store: Store, folder: Path, decode: Decode | None, *, deep: bool = True) -> Iterator[Violation]:
    """The rules of one image. `deep` reads every byte of it, `decode` looks into its renditions."""
    image_id, layout = folder.name, store.layout
    if not is_id(image_id) or layout.image(image_id) != folder:
        yield Violation("stray-folder", _where(store, folder), "No image with this name belongs here.")
        return
    if is_locked(layout.marker(image_id)):
        return  # a worker is at it
    try:
        record = Record.from_json((folder / RECORD).read_bytes())
        if record.id != image_id:
            raise ValueError("the record of another image")
    except (OSError, ValueError) as error:
        if folder.exists():
            redo = repairs.describe_anew(store, image_id)
            yield Violation("record-damaged", image_id, f"Its record cannot be read ({error}).", redo)
        return
    if record.is_newer:
        yield Violation("newer-release", image_id, "A newer release made it. Run its doctor, or upgrade this one.")
        return
    if is_locked(store.original(record)):
        return  # it is being made anew
    yield from _files(store, folder, record)
    yield from _bytes(store, record, deep)
    yield from _state(store, record)
    if record.state is State.READY:
        yield from _renditions(store, record, decode if deep else None)
    holder = claimed_by(store.volume, record.sha256)
    if holder is None:
        sentence = "Its bytes are not claimed: the same picture could be taken in twice."
        yield Violation("claim-missing", image_id, sentence, repairs.claim(store, record))
    elif holder != image_id and is_id(holder) and layout.image(holder).exists():
        yield Violation("double", image_id, f"It holds the same bytes as {holder}. Delete one of the two.")


def _files(store: Store, folder: Path, record: Record) -> Iterator[Violation]:
    known = {RECORD, record.original, *(f"{name}.webp" for name in RENDITIONS)}
    for name in sorted(set(_names(folder)) - known):
        path = folder / name
        if name.startswith(".") and name.endswith(".tmp"):
            yield Violation("half-written", _where(store, path), "Left by a crash.", repairs.remove(path))
        else:
            yield Violation("stray-file", _where(store, path), "No file with this name belongs here.")


def _bytes(store: Store, record: Record, deep: bool) -> Iterator[Violation]:
    path = store.original(record)
    try:
        size = path.stat().st_size
        whole = size == record.bytes and (not deep or _sha256(path) == record.sha256)
    except FileNotFoundError:
        yield Violation("original-missing", record.id, f"{record.original} is not there. Restore it from a backup.")
        return
    except OSError as error:
        yield Violation("original-unreadable", record.id, f"{record.original} cannot be read ({error.strerror}).")
        return
    if not whole:
        sentence = f"{record.original} is not what was uploaded ({size} bytes). Restore it from a backup."
        yield Violation("original-damaged", record.id, sentence)


def _state(store: Store, record: Record) -> Iterator[Violation]:
    layout, image_id = store.layout, record.id
    marked, failed = layout.marker(image_id).exists(), layout.failure(image_id).exists()
    if record.state is State.PENDING and not marked:
        sentence = "It waits for its thumbnail, and is not in the outbox."
        yield Violation("pending-unmarked", image_id, sentence, repairs.mark(store, image_id))
    if record.state is not State.PENDING and marked:
        sentence = f"It is {record.state}, and still in the outbox."
        yield Violation("ended-marked", image_id, sentence, repairs.unmark(store, image_id))
    if record.state is State.FAILED and not failed:
        sentence = "It failed, and is not listed among the failed."
        yield Violation("failed-unmarked", image_id, sentence, repairs.note_failure(store, image_id))
    if record.state is not State.FAILED and failed:
        sentence = f"It is {record.state}, and listed among the failed."
        yield Violation("failure-stale", image_id, sentence, repairs.drop_failure(store, image_id))


def _renditions(store: Store, record: Record, decode: Decode | None) -> Iterator[Violation]:
    for name in RENDITIONS:
        path, info = store.layout.rendition(record.id, name), record.renditions.get(name)
        try:
            if info is None:
                raise ValueError("it is not in the record")
            size = path.stat().st_size
            if size != info.bytes:
                raise ValueError(f"{size} bytes, not {info.bytes}")
            if decode is not None and (found := decode(path)) != (info.width, info.height):
                raise ValueError(f"{found[0]} × {found[1]} pixels, not {info.width} × {info.height}")
        except (OSError, ValueError) as error:
            sentence = f"It is ready, but its {name} is not whole ({error})."
            yield Violation("rendition-broken", record.id, sentence, repairs.render_anew(store, record.id))
            return


def check_around(store: Store) -> Iterator[Violation]:
    """The rules of everything beside the images: drafts, markers, claims, empty folders, doubles."""
    layout = store.layout
    for needed in layout.FOLDERS:
        if not (layout.root / needed).is_dir():
            yield Violation("folder-missing", needed, "This folder is not there.", store.prepare)
    for name in _names(layout.incoming):
        path = layout.incoming / name
        if name.endswith(".deleted") and is_id(name.removesuffix(".deleted")):
            yield Violation("half-deleted", _where(store, path), "A delete was cut short.", repairs.tidy_up(store))
        elif not is_id(name.partition(".")[0]):
            yield Violation("stray-file", _where(store, path), "No upload has this name.")
        elif is_abandoned(store.volume, name):
            sentence = "An upload was cut short; it was never accepted."
            yield Violation("draft-abandoned", _where(store, path), sentence, repairs.tidy_up(store))
    for folder, code in ((layout.pending, "marker-orphan"), (layout.failed, "failure-orphan")):
        for name in _names(folder):
            path = folder / name
            if not is_id(name):
                yield Violation("stray-file", _where(store, path), "No image has this name.")
            elif not (layout.image(name).exists() or store.volume.is_arriving(name) or is_locked(path)):
                yield Violation(code, _where(store, path), "Its image is not there.", repairs.tidy_up(store))
    yield from _claims(store)
    for day in _folders(layout.images):
        for folder in [*_folders(day), day]:
            if not _names(folder):
                yield Violation(
                    "empty-folder", _where(store, folder), "It holds nothing.", repairs.remove_folder(store, folder)
                )


def _claims(store: Store) -> Iterator[Violation]:
    layout = store.layout
    for folder in _folders(layout.hashes):
        for name in _names(folder):
            path = folder / name
            sha256, _, former = name.partition(".")
            image_id = former or claimed_by(store.volume, sha256)
            if path != (layout.former_claims(sha256) / name if former else layout.claim(sha256)) or not image_id:
                yield Violation("stray-file", _where(store, path), "No claim has this name.")
            elif is_id(image_id) and (store.volume.is_arriving(image_id) or layout.image(image_id).exists()):
                continue
            else:
                sentence = "It claims bytes for an image that is not there."
                yield Violation("claim-orphan", _where(store, path), sentence, repairs.drop_claim(store, sha256))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _where(store: Store, path: Path) -> str:
    return str(path.relative_to(store.layout.root))
