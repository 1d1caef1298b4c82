"""The index of the pictures in one JPEG file (CIPA DC-007, Multi-Picture Format)."""

from __future__ import annotations

import struct

PREFIX = b"MPF\x00"
_MOST = 32
_VERSION, _COUNT, _ENTRIES = 0xB000, 0xB001, 0xB002
_LONG, _UNDEFINED = 4, 7
_PRIMARY = 0x030000
_HEAD_BYTES = 8 + 2 + 3 * 12 + 4


def offsets(data: bytes, start: int) -> list[int]:
    """Where in the file the other pictures begin, by an index that itself begins at `start`, behind its prefix."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
    if order is None:
        return []
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, at)
        fields = [struct.unpack_from(f"{order}HHII", data, at + 2 + 12 * number) for number in range(min(count, _MOST))]
        found = []
        for tag, _, size, value in fields:
            if tag == _ENTRIES:
                for number in range(min(size // 16, _MOST)):
                    (offset,) = struct.unpack_from(f"{order}I", data, value + 16 * number + 8)
                    found.append(start + offset)
    except struct.error:
        return []
    return [offset for offset in found if offset > start]


def segment_bytes(pictures: int) -> int:
    """The length of the segment for so many pictures."""
    return 4 + len(PREFIX) + _HEAD_BYTES + 16 * pictures


def segment(at: int, sizes: list[int]) -> bytes:
    """The segment for a file that consists of pictures of these `sizes`, when it is written at the offset `at`."""
    start = at + 4 + len(PREFIX)
    data = b"MM\x00*" + struct.pack(">IH", 8, 3)
    data += struct.pack(">HHI4s", _VERSION, _UNDEFINED, 4, b"0100")
    data += struct.pack(">HHII", _COUNT, _LONG, 1, len(sizes))
    data += struct.pack(">HHII", _ENTRIES, _UNDEFINED, 16 * len(sizes), _HEAD_BYTES)
    data += bytes(4)
    for number, size in enumerate(sizes):
        offset = sum(sizes[:number]) - start if number else 0
        data += struct.pack(">IIIHH", 0 if number else _PRIMARY, size, offset, 0, 0)
    return b"\xff\xe2" + struct.pack(">H", 2 + len(PREFIX) + len(data)) + PREFIX + data
