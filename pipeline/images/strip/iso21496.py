"""How a gain map is applied, in the numbers of ISO 21496-1, annex C."""

from __future__ import annotations

PREFIX = b"urn:iso:std:iso:ts:21496:-1\x00"
_VERSION_BYTES = 4
_SEVERAL_CHANNELS, _COMMON_DENOMINATOR = 0x80, 0x08


def gain_map_metadata(data: bytes) -> bytes:
    """The part of `data` that the standard gives a meaning; empty if it is of no version known here.

    The picture has the version alone, its gain map all the rest.
    """
    if len(data) < _VERSION_BYTES or data[:2] != b"\x00\x00":
        return b""
    if len(data) == _VERSION_BYTES:
        return data
    flags = data[_VERSION_BYTES]
    channels = 3 if flags & _SEVERAL_CHANNELS else 1
    numbers = 3 + 5 * channels if flags & _COMMON_DENOMINATOR else 4 + 10 * channels
    size = _VERSION_BYTES + 1 + 4 * numbers
    return data[:size] if len(data) >= size else b""
