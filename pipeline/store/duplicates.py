"""Duplicate detection by claims. A claim points from a hash to an image, and proves nothing by itself.

Claims are made and dropped under the lock of their hash. A claim is a symbolic link: made in one step that fails if it
exists, and read in one step, however many there are.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import (
    DamagedRecord,
    ForeignRecord,
    ImageNotFound,
    UnusableRecord,
    VolumeUnavailable,
    volume_error,
)
from pipeline.ids import is_id
from pipeline.records import Record
from pipeline.store import reading
from pipeline.volume.files import flush_folder, is_gone, open_file, refresh
from pipeline.volume.layout import FORMER_CLAIMS
from pipeline.volume.volume import Volume

LOCK_WAIT = 10.0
_TRIES = 3


class Holder(NamedTuple):
    """The image that claims some bytes, and whether it is in the trash."""

    id: str
    in_trash: bool


@contextmanager
def holding_lock(volume: Volume, sha256: str, wait: float = LOCK_WAIT) -> Iterator[None]:
    """Hold the lock under which claims on these bytes change; raises `Busy` after `wait` seconds."""
    with volume.locks.hold(volume.layout.hash_lock(sha256), wait=wait):
        yield


def claim(volume: Volume, sha256: str, image_id: str) -> list[Path]:
    """Claim the bytes with this hash for an image, under the lock; returns the folders to flush.

    Raises `FileExistsError` if another image has claimed them.
    """
    path = volume.layout.claim(sha256)
    try:
        path.symlink_to(image_id)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o750, exist_ok=True)
        path.symlink_to(image_id)
        return [path.parent, path.parent.parent]
    return [path.parent]


def claim_or_find(volume: Volume, sha256: str, image_id: str) -> tuple[list[Path], Holder | None]:
    """Claim these bytes for an image and return the folders to flush; or return no folders, and the `holder` that has
    them.

    The claim comes first: it fails if there is one, and over a network looking before would cost as much again. Under
    the lock.
    """
    existing = holder(volume, sha256) if volume.has_former_claims else None
    for _ in range(_TRIES):
        if existing is not None:
            return [], existing
        try:
            return claim(volume, sha256, image_id), None
        except FileExistsError:
            existing = holder(volume, sha256)
    raise VolumeUnavailable(f"the bytes {sha256} can neither be claimed, nor is their claim found")


def claimed_by(volume: Volume, sha256: str) -> str | None:
    """The id that claims these bytes; its image may be gone. An empty text if something else lies in its place.

    Another machine may have put another claim in its place, which a cached look-up does not show: look again.
    """
    path = volume.layout.claim(sha256)
    if not refresh(path.parent):
        refresh(volume.layout.hashes)
    try:
        return str(path.readlink())
    except OSError as error:
        if error.errno == errno.EINVAL:
            return ""
        if not is_gone(error):
            raise
    return next(iter(former_claims(volume, sha256)), None)


def former_claims(volume: Volume, sha256: str) -> list[str]:
    """The ids of claims of release 0.1 on these bytes, until the sweep has converted them."""
    if not volume.has_former_claims:
        return []
    prefix = f"{sha256}."
    try:
        names = os.listdir(volume.layout.former_claims(sha256))
    except OSError as error:
        if is_gone(error):
            return []
        raise
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def drop(volume: Volume, sha256: str, image_id: str) -> None:
    """Drop an image's claim on these bytes, if it has one; under the lock."""
    if claimed_by(volume, sha256) == image_id:
        volume.layout.claim(sha256).unlink(missing_ok=True)
    if volume.has_former_claims and is_id(image_id):
        (volume.layout.former_claims(sha256) / f"{sha256}.{image_id}").unlink(missing_ok=True)


def holder(volume: Volume, sha256: str) -> Holder | None:
    """The image that exists, or is in the trash, and claims these bytes; under the lock.

    Drops claims of images that do not exist or have other bytes.
    """
    while (image_id := claimed_by(volume, sha256)) is not None:
        if found := _rightful(volume, sha256, image_id):
            return found
        drop(volume, sha256, image_id)
        if claimed_by(volume, sha256) == image_id:
            raise VolumeUnavailable(f"the claim of {image_id or 'nobody'} on {sha256} cannot be dropped")
    return None


def _rightful(volume: Volume, sha256: str, image_id: str) -> Holder | None:
    """The image as the holder of these bytes, None if it does not exist or has others.

    The listing comes first: over a network, a record can be read through a folder that another machine has removed.
    Under the lock no image goes whose record says that it has these bytes.
    """
    if not is_id(image_id) or not volume.is_there(image_id):
        return _trashed(volume, sha256, image_id)
    try:
        record = reading.read(volume, image_id, listed=True)
    except ImageNotFound:
        return _trashed(volume, sha256, image_id)
    except ForeignRecord:
        return None
    except DamagedRecord:
        has_them = any(hash_of(path) == sha256 for path in originals(volume, image_id))
        return Holder(image_id, in_trash=not volume.is_there(image_id)) if has_them else None
    return Holder(image_id, in_trash=False) if record.sha256 == sha256 and record.id == image_id else None


def _trashed(volume: Volume, sha256: str, image_id: str) -> Holder | None:
    return Holder(image_id, in_trash=True) if is_trashed(volume, sha256, image_id) else None


def is_trashed(volume: Volume, sha256: str, image_id: str) -> bool:
    """Whether an image with these bytes, by its record, is in the trash."""
    try:
        return reading.read_trashed(volume, image_id).sha256 == sha256
    except (ImageNotFound, UnusableRecord):
        return False


def originals(volume: Volume, image_id: str) -> list[Path]:
    """The files of an image that have an original's name; there should be one."""
    return sorted(volume.layout.image(image_id).glob("original.*"))


def hash_of(path: Path) -> str | None:
    """The SHA-256 of a file in hex, None if there is none; raises other `OSError`s."""
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        if is_gone(error):
            return None
        raise


def find_by_hash(volume: Volume, sha256: str) -> Record | None:
    """The image with this hash (in hex), without reading its original.

    Its record has the hash, and its original exists with the right length. An upload of the same bytes compares them
    completely.
    """
    try:
        image_id = claimed_by(volume, sha256)
        if image_id is None:
            return None
        record = reading.get(volume, image_id, listed=True)
        if record.sha256 != sha256 or record.id != image_id or not volume.is_there(image_id):
            return None
        if (volume.layout.image(image_id) / record.original).stat().st_size != record.bytes:
            return None
        volume.flush_place(image_id)  # the caller may then drop its copy
    except (ImageNotFound, UnusableRecord):
        return None
    except OSError as error:
        if is_gone(error):
            return None
        raise volume_error(error) from error
    return record


def has_bytes(path: Path, record: Record) -> bool:
    """Whether the file holds exactly the bytes of the record; reads all of it if the length is right."""
    try:
        return path.stat().st_size == record.bytes and hash_of(path) == record.sha256
    except OSError as error:
        if is_gone(error):
            return False
        raise


def adopt_former(volume: Volume) -> int:
    """Convert the claims of release 0.1, a folder at a time; returns how many. Raises `OSError`."""
    layout, changed = volume.layout, 0
    if not volume.has_former_claims:
        return changed
    for folder in sorted(layout.hashes.iterdir()):
        if len(folder.name) != FORMER_CLAIMS or not folder.is_dir():
            continue
        for name in sorted(os.listdir(folder)):
            sha256, _, image_id = name.partition(".")
            if not is_id(image_id) or folder != layout.former_claims(sha256):
                continue
            with holding_lock(volume, sha256):
                with suppress(FileExistsError):
                    for changed_folder in claim(volume, sha256, image_id):
                        flush_folder(changed_folder)
                (folder / name).unlink(missing_ok=True)
            changed += 1
        with suppress(OSError):
            folder.rmdir()
    return changed
