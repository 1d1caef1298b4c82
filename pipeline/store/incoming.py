"""An upload on its way in: a file that is hashed and bounded while it is written, straight to its last place."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import TooLarge, VolumeFull, volume_error
from pipeline.volume.space import require_room

_CHECK_ROOM_EVERY = 8 * 1024 * 1024


class IncomingUpload(io.RawIOBase):
    """A writable, seekable binary file in `incoming/<id>/`, locked for as long as it is open.

    Bytes are written to the volume once, as they arrive. Write errors of the volume raise `VolumeFull` or
    `VolumeUnavailable`; more than `limit` bytes raise `TooLarge`. A draft that is not accepted is discarded.
    """

    def __init__(self, image_id: str, folder: Path, *, limit: int, reserve: int, expected: int = 0) -> None:
        super().__init__()
        self.id = image_id
        self.folder = folder
        self.size = 0
        self._limit = limit
        self._reserve = reserve
        self._hash = hashlib.sha256()
        self._next_check = 0
        self._file: BinaryIO | None = None
        try:
            require_room(folder.parent, expected, reserve)
            folder.mkdir()
            self._file = (folder / "original").open("x+b", buffering=0)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except VolumeFull:
            raise
        except OSError as error:
            self.discard()
            raise volume_error(error) from error

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hex."""
        return self._hash.hexdigest()

    @property
    def file(self) -> BinaryIO:
        """The open file of the original."""
        if self._file is None:
            raise ValueError("the draft is closed")
        return self._file

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Append `data`; it is hashed, counted and written at once."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(self._limit)
        self._hash.update(data)
        try:
            if self.size > self._next_check:
                require_room(self.folder, len(data), self._reserve)
                self._next_check = self.size + _CHECK_ROOM_EVERY
            view = memoryview(data)
            while view:
                view = view[self.file.write(view) :]
        except OSError as error:
            raise volume_error(error) from error
        return len(data)

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
        """A draft can be read, for its header."""
        return True

    def writable(self) -> bool:
        """A draft can be written."""
        return True

    def seekable(self) -> bool:
        """A draft can be sought."""
        return True

    def flush_to_disk(self) -> None:
        """Flush the bytes to disk."""
        os.fsync(self.file.fileno())

    def release(self) -> None:
        """Close the file and let go of the lock: the draft was accepted."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Remove everything that was written. Harmless after `release` moved the folder away."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.release()

    def close(self) -> None:
        """Part of the file protocol; the draft lives until it is accepted or discarded."""
