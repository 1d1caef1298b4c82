"""The rules of claims: each is for bytes that its image has."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.errors import GalleryError
from pipeline.ids import SHA256, is_id
from pipeline.store import duplicates, repairs
from pipeline.store.checks.disk import entries, is_file, read_record
from pipeline.store.checks.tree import stray, unreadable
from pipeline.store.checks.violation import Violation, printable
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume

_TODAY = re.compile("[0-9a-f]{2}")
_FORMER = re.compile("[0-9a-f]{3}")


def check_claims(volume: Volume) -> Iterator[Violation]:
    """The rules of `hashes`."""
    for folder in _folders(volume):
        known = _TODAY.fullmatch(folder.name) or _FORMER.fullmatch(folder.name)
        if not known or not folder.is_dir(follow_symlinks=False):
            yield stray(volume, folder)
            continue
        try:
            yield from _check_folder(volume, Path(folder))
        except OSError as error:
            yield unreadable(volume, Path(folder), error)


def claims_of(volume: Volume, image_ids: Collection[str]) -> dict[str, set[str]]:
    """The hashes that these images claim: one walk over all claims. Raises `OSError`."""
    claimed: dict[str, set[str]] = {image_id: set() for image_id in image_ids}
    for folder in _folders(volume) if claimed else ():
        if folder.is_dir(follow_symlinks=False):
            for entry in entries(Path(folder)):
                sha256, image_id = _read(volume, entry)
                if sha256 is not None and image_id in claimed:
                    claimed[image_id].add(sha256)
    return claimed


def _folders(volume: Volume) -> list[os.DirEntry[str]]:
    return entries(volume.layout.hashes) if volume.layout.hashes.is_dir() else []


def _read(volume: Volume, entry: os.DirEntry[str]) -> tuple[str | None, str]:
    """The hash and the id of a claim, today's or one of release 0.1; no hash if it is no claim."""
    path = Path(entry)
    sha256, dot, image_id = entry.name.partition(".")
    if not SHA256.fullmatch(sha256):
        return None, ""
    if dot:
        former = path.parent == volume.layout.former_claims(sha256) and is_file(path) and is_id(image_id)
        return (sha256 if former else None), image_id
    if path != volume.layout.claim(sha256) or not entry.is_symlink():
        return None, ""
    return sha256, str(path.readlink())


def _check_folder(volume: Volume, folder: Path) -> Iterator[Violation]:
    arriving = {name.partition(".")[0] for name in volume.arriving()}
    for entry in entries(folder):
        with suppress(FileNotFoundError):  # dropped meanwhile
            sha256, image_id = _read(volume, entry)
            if sha256 is None:
                yield stray(volume, entry, "No claim has this name.")
            elif image_id not in arriving:
                with suppress(GalleryError, PermissionError):  # an image that cannot be looked at keeps its claim
                    yield from _check(volume, Path(entry), sha256, image_id)


def _has_hash(volume: Volume, image_id: str, sha256: str) -> bool:
    """Whether a record says so. It is read first: `is_there` lists a whole minute."""
    try:
        record = read_record(volume.layout.record(image_id))
    except (OSError, ValueError):
        return False
    return record.id == image_id and record.sha256 == sha256


def _check(volume: Volume, claim: Path, sha256: str, image_id: str) -> Iterator[Violation]:
    if is_id(image_id) and _has_hash(volume, image_id, sha256):
        return
    where = printable(claim, volume.layout.root)
    if is_id(image_id) and not volume.is_there(image_id) and duplicates.is_trashed(volume, sha256, image_id):
        return
    if not is_id(image_id) or not volume.is_there(image_id):
        home = volume.layout.image(image_id) if is_id(image_id) else None
        sentence = "It claims bytes for an image that is not there."
        yield Violation("claim-orphan", where, sentence, repairs.drop_orphan_claim(volume, sha256), home)
        return
    folder = volume.layout.image(image_id)
    try:
        record = read_record(folder / RECORD)
    except ValueError:
        return
    if record.id == image_id and not record.is_newer and record.sha256 != sha256:
        repair = repairs.drop_wrong_claim(volume, sha256, image_id)
        yield Violation("claim-wrong", where, "It claims bytes that are not those of its image.", repair, folder)
