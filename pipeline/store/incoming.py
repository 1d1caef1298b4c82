"""An upload in progress: a file that is hashed and bounded while it is written."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import TooLarge, volume_error
from pipeline.images.formats import HEAD_BYTES, identify
from pipeline.store.hashing import UploadHash
from pipeline.volume.files import open_private
from pipeline.volume.volume import Volume
from pipeline.volume.writeback import start_flushing

_CHECK_ROOM_EVERY = 8 * 1024 * 1024
_FLUSH_UNIT = 1024 * 1024
_KEPT_OF_OTHERS = 64 * 1024


class IncomingUpload(io.RawIOBase):
    """A writable, seekable binary file in `incoming/<id>.<token>/`; the token says which process writes it.

    Bytes are written to the volume once, as they arrive, as soon as they are recognised as an accepted format. Other
    files are not written; only their first bytes are kept, to say what they are.

    Errors of the volume raise `VolumeFull` or `VolumeUnavailable`; more than `limit` bytes raise `TooLarge`.
    `require_room` is called with the bytes that are about to come. An upload that is not accepted is discarded.
    """

    def __init__(
        self, volume: Volume, image_id: str, *, limit: int, require_room: Callable[[int], None], expected: int = 0
    ) -> None:
        super().__init__()
        self.id = image_id
        self.size = 0
        self.name = ""
        self._limit = limit
        self._hash = UploadHash()
        self._head = bytearray()
        self._file: BinaryIO | None = None
        self._has_folder = False
        self._flushed_to = 0
        self._require_room = require_room
        self._next_check = max(expected, _CHECK_ROOM_EVERY)
        try:
            require_room(expected)
            self.folder = volume.layout.upload(image_id, volume.presence.token())
        except OSError as error:
            raise volume_error(error) from error

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hex."""
        return self._hash.hexdigest()

    @property
    def file(self) -> BinaryIO:
        """The file to read a header from: the original, or the first bytes of an unknown format."""
        return self._file if self._file is not None else io.BytesIO(self._head)

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Append `data`. It must not change while it is among the last pieces that are `unhashed`."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(self._limit)
        try:
            if self.size > self._next_check:
                self._require_room(len(data))
                self._next_check = self.size + _CHECK_ROOM_EVERY
            self._hash.add(data)
            if self._file is None:
                self._start(data)
            else:
                self._append(data)
            self._start_flushing()
        except OSError as error:
            raise volume_error(error) from error
        return len(data)

    def unhashed(self) -> int:
        """How many of the last pieces are not hashed yet."""
        return self._hash.unhashed()

    def settle(self) -> None:
        """Wait until all pieces are hashed."""
        self._hash.settle()

    def _start(self, data: bytes | memoryview) -> None:
        """Keep the first bytes until they tell a format; then make the file."""
        room = _KEPT_OF_OTHERS - len(self._head)
        self._head += data[:room]
        if (known := identify(bytes(self._head[:HEAD_BYTES]))) is None:
            return
        self.name = f"original.{known.extension}"
        self.folder.mkdir(mode=0o750)
        self._has_folder = True
        path = self.folder / self.name
        self._file = os.fdopen(open_private(path, os.O_RDWR | os.O_CREAT), "r+b", buffering=0)
        self._append(self._head)
        self._append(data[room:])

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        assert self._file is not None
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def _start_flushing(self) -> None:
        """Start writing to disk while more arrives. Whole MiB only: appending to a page that is being written may have
        to wait."""
        if self._file is None:
            return
        end = self.size - self.size % _FLUSH_UNIT
        if end > self._flushed_to:
            start_flushing(self._file.fileno(), self._flushed_to, end - self._flushed_to)
            self._flushed_to = end

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the reading position."""
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        """The reading position in bytes."""
        return self.file.tell()

    def read(self, size: int = -1) -> bytes:
        """Read what was written."""
        return self.file.read(size)

    def readable(self) -> bool:
        """An upload can be read, for its header."""
        return True

    def writable(self) -> bool:
        """An upload can be written."""
        return True

    def seekable(self) -> bool:
        """An upload can be sought."""
        return True

    def flush_to_disk(self) -> None:
        """Flush the bytes to disk."""
        os.fsync(self.file.fileno())

    def rename(self, name: str) -> None:
        """Rename the file within its folder, unless it has that name already."""
        if name != self.name:
            (self.folder / self.name).rename(self.folder / name)
            self.name = name

    def release(self) -> None:
        """Close the file; its folder is the caller's from now on."""
        self._has_folder = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Remove everything that was written. Harmless after `release`.

        The file is closed first: over NFS an open one that is removed keeps its folder from being removed.
        """
        has_folder = self._has_folder
        self.release()
        if has_folder:
            remove_upload(self.folder, self.name)

    def close(self) -> None:
        """Part of the file protocol; the upload lives until it is accepted or discarded."""


def remove_upload(folder: Path, *names: str) -> None:
    """Remove a folder with the files `names`, and anything else in it."""
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
