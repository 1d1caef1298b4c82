"""A file whose last part was never written: a disk or a download that ended early leaves zeros there."""

from __future__ import annotations

from typing import BinaryIO

from worker.engine.splice import Spliced

_BLOCK = 64 * 1024
# Coded pixels have no such runs; metadata and padding behind them may have, and is not needed.
_LEAST_ZEROS = 512
_KEPT = 64


def without_zeros(file: BinaryIO) -> BinaryIO:
    """The file without a long run of zeros at its end, all but a few of them."""
    size = end = file.seek(0, 2)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        if block := file.read(end - start).rstrip(b"\0"):
            end = start + len(block)
            break
        end = start
    if size - end < _LEAST_ZEROS:
        return file
    return Spliced(file, [(0, end + _KEPT)]).stream
