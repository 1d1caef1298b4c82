"""Where the pixels of a GIF end: the codes of its LZW are counted, not decoded (GIF89a, appendix F)."""

from __future__ import annotations

from pipeline.images.containers.reading import Truncated

_MOST_CODES = 4096


def end_of_codes(data: bytes, minimum: int) -> int:
    """How many bytes of `data` lie before the end that the codes themselves tell; raise `Truncated` if none does.

    `minimum` is the code size that precedes the data. Some four million codes take a second.
    """
    if not 2 <= minimum <= 8:
        raise Truncated
    clear, end = 1 << minimum, (1 << minimum) + 1
    width, known, bits, held, at, size = minimum + 1, end, 0, 0, 0, len(data)
    while True:
        while held < width:
            if at == size:
                raise Truncated
            bits |= data[at] << held
            held += 8
            at += 1
        code = bits & ((1 << width) - 1)
        bits >>= width
        held -= width
        if code == clear:
            width, known = minimum + 1, end
        elif code == end:
            return at
        elif known < _MOST_CODES:
            known += 1
            if known == 1 << width and width < 12:
                width += 1
