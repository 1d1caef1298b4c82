"""Changes to a file that keep every byte at its offset: what a container's addresses point at stays where it was."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.pieces import Pieces, Zeros

_MOST = 100_000


class Edits:
    """Ranges of a file that are overwritten, with bytes of the same length or with zeros."""

    def __init__(self) -> None:
        self._edits: list[tuple[int, int, bytes | None]] = []

    def blank(self, start: int, end: int) -> None:
        """Overwrite a range with zeros."""
        self._add(start, end, None)

    def write(self, start: int, data: bytes) -> None:
        """Overwrite with `data`."""
        self._add(start, start + len(data), data)

    def _add(self, start: int, end: int, data: bytes | None) -> None:
        if start >= end:
            return
        if len(self._edits) >= _MOST:
            raise Truncated
        self._edits.append((start, end, data))

    def pieces(self, label: str, end: int) -> Pieces:
        """The edited file up to the offset `end`; raise `Truncated` if two edits overlap."""
        pieces, at = Pieces(label), 0
        for start, stop, data in sorted(self._edits, key=lambda edit: edit[:2]):
            if start >= end:
                break
            if start < at or stop > end:
                raise Truncated
            pieces.add(range(at, start))
            pieces.add(Zeros(stop - start) if data is None else data)
            at = stop
        pieces.add(range(at, end))
        return pieces


def blank_between(edits: Edits, spaces: Iterable[range], pictures: Iterable[range], metadata: Iterable[range]) -> None:
    """Blank `spaces`, except for `pictures` and for `metadata`, which has edits of its own.

    Raise `Truncated` if one of them is not within a space, or if a picture and metadata share a byte.
    """
    used = deque(
        sorted([(part.start, part.stop, False) for part in pictures] + [(m.start, m.stop, True) for m in metadata])
    )
    reached, behind_metadata = 0, False
    for start, stop, is_metadata in used:
        if start < reached and (is_metadata or behind_metadata):
            raise Truncated
        if stop >= reached:
            reached, behind_metadata = stop, is_metadata
    for space in sorted(spaces, key=lambda space: space.start):
        at = space.start
        while used and used[0][0] < space.stop:
            start, stop, _ = used.popleft()
            if start < space.start or stop > space.stop:
                raise Truncated
            edits.blank(at, start)
            at = max(at, stop)
        edits.blank(at, space.stop)
    if used:
        raise Truncated
