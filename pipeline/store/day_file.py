"""A day's records in one file, so that an index is rebuilt without opening each record. A hint, and never the truth.

    gallery-day 1
    block, block, ...   each: length (4 bytes), digest (32), and the entries in MessagePack, compressed

An entry holds the bytes of one `image.json`, and the stamp that the image's folder had before they were read. Whatever
replaces the record gives the folder another stamp, so an entry counts only if a listing shows the folder with that very
stamp; the records of all others are read. The digest depends on the volume and the day: a block that is damaged, or
that belongs elsewhere, ends the file.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec

from pipeline.store.walk import Stamp
from pipeline.volume.files import is_temporary, open_file, tag_of, temporary_name
from pipeline.volume.volume import Volume

_VERSION = 1
_HEAD = b"gallery-day %d\n" % _VERSION
_HEADS = re.compile(rb"gallery-day ([1-9][0-9]{0,5})\n")
_LONGEST_HEAD = 32
_MOST_ENTRIES, _MOST_RAW = 500, 2 * 1024 * 1024
_MOST_BODY = 8 * 1024 * 1024
_LENGTH, _DIGEST = 4, 32
_LEVEL = 3


class Condition(StrEnum):
    """What a day's file is worth: `newer` is of a release that writes it otherwise."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    NEWER = "newer"


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An image: its id, the stamp of its folder, and the bytes of its record."""

    id: str
    stamp: Stamp
    record: bytes


_entries = msgspec.msgpack.Decoder(list[Entry])


class Known:
    """A day's file beside a walk of the day's folder. Both go from the oldest image to the newest."""

    def __init__(self, volume: Volume, day: str) -> None:
        self._entries = entries(volume, day)
        self._next = next(self._entries, None)
        self.is_empty = self._next is None

    def find(self, image_id: str, stamp: Stamp) -> bytes | None:
        """The record of an image whose folder has this stamp now; None if it is to be read."""
        while self._next and self._next.id < image_id:
            self._next = next(self._entries, None)
        if self._next and (self._next.id, self._next.stamp) == (image_id, stamp):
            return self._next.record
        return None


class Writer:
    """Writes a day's file, entry by entry, in the order of ids."""

    def __init__(self, file: BinaryIO, volume: Volume, day: str) -> None:
        self._file = file
        self._key = _key(volume, day)
        self._block: list[Entry] = []
        self._size = 0
        file.write(_HEAD)

    def add(self, entry: Entry) -> None:
        """One more image."""
        if self._block and (len(self._block) == _MOST_ENTRIES or self._size + len(entry.record) > _MOST_RAW):
            self.flush()
        self._block.append(entry)
        self._size += len(entry.record)

    def flush(self) -> None:
        """Write what was added."""
        if self._block:
            body = zlib.compress(msgspec.msgpack.encode(self._block), _LEVEL)
            self._file.write(len(body).to_bytes(_LENGTH) + _digest(body, self._key) + body)
        self._block, self._size = [], 0


def entries(volume: Volume, day: str) -> Iterator[Entry]:
    """The entries of a day's file up to the first that is not whole; none if there is no such file, or it cannot be
    read. Raises the volume's named errors if the volume has no id."""
    try:
        with open_file(volume.layout.day_file(day)) as file:
            if file.read(len(_HEAD)) == _HEAD:
                yield from _blocks(file, _key(volume, day))
    except (OSError, ValueError):
        return


def examine(volume: Volume, path: Path) -> Condition:
    """Read a day's file to its end; raises `OSError`."""
    with open_file(path) as file:
        head = file.readline(_LONGEST_HEAD)
        if head != _HEAD:
            return Condition.NEWER if _version(head) > _VERSION else Condition.DAMAGED
        if not volume.layout.identity.exists():
            return Condition.DAMAGED  # of a volume that has lost its id; looking makes none
        try:
            for _ in _blocks(file, _key(volume, path.name)):
                pass
        except ValueError:
            return Condition.DAMAGED
    return Condition.WHOLE


def is_newer(path: Path) -> bool:
    """Whether a newer release wrote this file, which is then left as it is; false if it cannot be read."""
    with suppress(OSError), open_file(path) as file:
        return _version(file.readline(_LONGEST_HEAD)) > _VERSION
    return False


def draft(volume: Volume, day: str) -> Path:
    """The name under which this process writes a day's file."""
    return temporary_name(volume.layout.day_file(day), volume.presence.token())


def is_abandoned(volume: Volume, name: str) -> bool:
    """Whether this is the name of a day's file that is half-written, and whose process has ended."""
    return is_temporary(name) and not volume.presence.is_alive(tag_of(name))


def _version(head: bytes) -> int:
    found = _HEADS.fullmatch(head)
    return int(found[1]) if found else 0


def _blocks(file: BinaryIO, key: bytes) -> Iterator[Entry]:
    while head := file.read(_LENGTH + _DIGEST):
        length = int.from_bytes(head[:_LENGTH])
        body = file.read(length) if length <= _MOST_BODY else b""
        if len(body) != length or _digest(body, key) != head[_LENGTH:]:
            raise ValueError("a block is damaged, or of another day or volume")
        yield from _decoded(body)


def _decoded(body: bytes) -> list[Entry]:
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(body, _MOST_BODY)
    except zlib.error as error:
        raise ValueError("a block does not decompress") from error
    return _entries.decode(raw)


def _digest(body: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST, key=key).digest()


def _key(volume: Volume, day: str) -> bytes:
    return f"{volume.id} {day}".encode()
