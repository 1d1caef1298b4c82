"""Boxes of the ISO base media file format (ISO/IEC 14496-12), by their offsets in the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.edits import Edits

FREE = b"free"
# The data reference that says: in this file.
_SELF_CONTAINED = bytes(3) + b"\x1cdref" + bytes(7) + b"\x01" + bytes(3) + b"\x0curl " + bytes(3) + b"\x01"
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box: `start` and `end` in the file; `data` its contents, which begin at `body`."""

    name: bytes
    start: int
    body: int
    data: bytes

    @property
    def end(self) -> int:
        """Where the next box begins."""
        return self.body + len(self.data)

    def children(self, skip: int = 0) -> Iterator[Box]:
        """The boxes within, behind the first `skip` bytes; raise `Truncated` unless they fill the rest exactly."""
        at = skip
        for _ in range(_MOST):
            if at == len(self.data):
                return
            size = int.from_bytes(self.data[at : at + 4])
            if size < 8 or at + size > len(self.data):
                raise Truncated
            start = self.body + at
            yield Box(self.data[at + 4 : at + 8], start, start + 8, self.data[at + 8 : at + size])
            at += size
        raise Truncated

    def erase(self, edits: Edits, end: int | None = None) -> None:
        """Make free space of it; `end` is where its contents end, if they have not been read."""
        edits.write(self.start + 4, FREE)
        edits.blank(self.body, self.end if end is None else end)


class Fields:
    """Reads big-endian numbers one after another; raises `Truncated` at the end of the data."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def number(self, size: int) -> int:
        """The next number, of `size` bytes; 0 if it has none."""
        self.at += size
        if self.at > len(self.data):
            raise Truncated
        return int.from_bytes(self.data[self.at - size : self.at])

    def text(self) -> bytes:
        """The next string, without the zero that ends it; some writers leave the last zero out."""
        end = self.data.find(b"\x00", self.at)
        end = end if end >= 0 else len(self.data)
        found, self.at = self.data[self.at : end], min(end + 1, len(self.data))
        return found

    def rest(self) -> bytes:
        """All that is left."""
        found, self.at = self.data[self.at :], len(self.data)
        return found

    def finish(self) -> None:
        """Raise `Truncated` if anything is left."""
        if self.at != len(self.data):
            raise Truncated


def keep_known(boxes: Iterable[Box], known: Collection[bytes], edits: Edits) -> dict[bytes, Box]:
    """Erase the boxes that are not `known`; return the others by name, of which none may come twice."""
    found: dict[bytes, Box] = {}
    for box in boxes:
        if box.name not in known or (box.name == b"dinf" and box.data != _SELF_CONTAINED):
            box.erase(edits)
        elif box.name in found:
            raise Truncated
        else:
            found[box.name] = box
    return found


def need(found: dict[bytes, Box], name: bytes) -> Box:
    """The box of this name; raise `Truncated` if there is none."""
    if name not in found:
        raise Truncated
    return found[name]


def blank_handler_name(hdlr: Box, edits: Edits) -> bytes:
    """Blank the name that a writer gave its handler; return the kind of what it handles."""
    edits.blank(hdlr.body + 24, hdlr.end)
    return hdlr.data[8:12]
