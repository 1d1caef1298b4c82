"""The size of an HEVC picture as it is coded, which may not be the one that its item states (ITU-T H.265, 7.3.2.2)."""

from __future__ import annotations

from worker.engine.av1_bits import BitReader

_ARRAYS_AT, _SEQUENCE_PARAMETERS = 22, 33
_UNIT_HEAD = 2
_PROFILE_BITS, _LEVEL_BITS, _MOST_LAYERS = 88, 8, 8
# Width and height of what one sample of colour stands for, by the format of chroma.
_CHROMA = {1: (2, 2), 2: (2, 1)}


def coded_size(configuration: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, by the body of an `hvcC` box; None if it does not say."""
    try:
        for unit in _units(configuration):
            if unit[0] >> 1 & 0x3F == _SEQUENCE_PARAMETERS:
                return _size(unit[_UNIT_HEAD:].replace(b"\0\0\3", b"\0\0"))
    except (EOFError, IndexError):
        pass
    return None


def _units(configuration: bytes) -> list[bytes]:
    at, found = _ARRAYS_AT + 1, []
    for _ in range(configuration[_ARRAYS_AT]):
        count, at = int.from_bytes(configuration[at + 1 : at + 3]), at + 3
        for _ in range(count):
            if at + 2 > len(configuration):
                raise EOFError
            end = at + 2 + int.from_bytes(configuration[at : at + 2])
            found.append(configuration[at + 2 : end])
            at = end
    return found


def _size(parameters: bytes) -> tuple[int, int] | None:
    bits = BitReader(parameters)
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + _PROFILE_BITS + _LEVEL_BITS)
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    bits.take(2 * (_MOST_LAYERS - layers) if layers else 0)
    for profile, level in present:
        bits.take(_PROFILE_BITS * profile + _LEVEL_BITS * level)
    bits.exponential()
    chroma = bits.exponential()
    if chroma == 3:
        bits.take(1)
    width, height = bits.exponential(), bits.exponential()
    if bits.flag():
        across, down = _CHROMA.get(chroma, (1, 1))
        left, right, top, bottom = (bits.exponential() for _ in range(4))
        width, height = width - across * (left + right), height - down * (top + bottom)
    return (width, height) if width > 0 and height > 0 else None
