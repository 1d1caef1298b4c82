"""A backup as a tar stream, for a pipe: `gallery backup - | ssh elsewhere 'cat > gallery.tar'`."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from typing import IO, BinaryIO, cast

from pipeline.ids import is_id
from pipeline.store.backup.snapshot import Backed, Place, Snapshot, SourceUnreadable
from pipeline.volume.layout import RECORD, bucket_names


class _Filled:
    """Reads a file, and zeros in place of what cannot be read: a member has the length that its header tells."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.is_filled = False

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        data = b""
        if not self.is_filled:
            with suppress(SourceUnreadable):
                data = self._file.read(size)
            self.is_filled = len(data) < size
        return data.ljust(size, b"\0")


class TarBackup:
    """Writes images to a stream, each with its record last: what comes before a cut can be restored."""

    def __init__(self, stream: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - see `close`

    def begin(self, identity: bytes) -> None:
        """Write the volume's id first."""
        self._add("volume.json", identity)

    def put(self, image: Snapshot) -> tuple[str, bool]:
        """Write an image; whether its original has the bytes that its record tells of. Raises `OSError`."""
        image_id = image.record.id
        below = "/".join((image.place, *(bucket_names(image_id) if image.place is Place.IMAGES else ()), image_id))
        member = tarfile.TarInfo(f"{below}/{image.record.original}")
        member.size, member.mode = image.length, 0o640
        original = _Filled(cast(IO[bytes], image.original))
        self._tar.addfile(member, cast(IO[bytes], original))
        for name, data in {**image.renditions, RECORD: image.raw}.items():
            self._add(f"{below}/{name}", data)
        return "copied", image.is_whole and not original.is_filled

    def _add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o640
        self._tar.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        """Write the end of the stream, without which a reader knows that it is cut off."""
        self._tar.close()


def read_tar(stream: BinaryIO) -> Iterator[Backed]:
    """Every image of a backup in a tar stream, as far as its names are those of a backup. Raises `tarfile.TarError` if
    the stream is none or is cut off, and `OSError`."""
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        members = ((found, member) for member in tar if (found := _place(member)))
        for (place, image_id), group in groupby(members, key=lambda entry: entry[0][:2]):
            yield Backed(place, image_id, _files(tar, group))


def _files(
    tar: tarfile.TarFile, group: Iterator[tuple[tuple[Place, str, str], tarfile.TarInfo]]
) -> Iterator[tuple[str, IO[bytes]]]:
    for (_, _, name), member in group:
        file = tar.extractfile(member)
        assert file is not None  # it is a regular file
        yield name, file


def _place(member: tarfile.TarInfo) -> tuple[Place, str, str] | None:
    """The place, the id and the file name that a member of a backup has; None for any other."""
    parts = member.name.removeprefix("./").split("/")
    if not member.isreg() or parts[0] not in tuple(Place) or len(parts) < 3 or not is_id(parts[-2]):
        return None
    return Place(parts[0]), parts[-2], parts[-1]
