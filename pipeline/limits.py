"""What a picture may ask of a worker, judged by its header before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import NeedsTooMuchMemory, TooManyFrames, TooManyPixels
from pipeline.header import Format, Header

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one picture: megapixels of a frame, frames, megapixels over all frames, memory to decode.

    The memory leaves a worker of 512 MiB its interpreter, its decoders and the renditions.
    """

    megapixels: int = 250
    frames: int = 5000
    frame_megapixels: int = 5000
    memory_mb: int = 400


def check_bounds(header: Header, limits: Limits) -> None:
    """Raise `TooManyPixels`, `TooManyFrames` or `NeedsTooMuchMemory` for what a worker should not begin."""
    if header.pixels > limits.megapixels * 1_000_000:
        raise TooManyPixels(header.width, header.height, limits.megapixels)
    total = header.frames * header.pixels
    if header.animated and (header.frames > limits.frames or total > limits.frame_megapixels * 1_000_000):
        raise TooManyFrames(header.frames, header.width, header.height, limits.frames, limits.frame_megapixels)
    needed = decode_bytes(header)
    if needed > limits.memory_mb * _MB:
        raise NeedsTooMuchMemory(header.format.label, header.width, header.height, -(-needed // _MB), limits.memory_mb)


def decode_bytes(header: Header) -> int:
    """Bytes a decoder holds at its peak: estimated from how the decoders work, not measured yet.

    A baseline JPEG is read line by line and scaled on the way to between one and two times the view; only
    its lines grow with the width. All others are held whole.
    """
    return int(header.pixels * _bytes_per_pixel(header))


def _bytes_per_pixel(header: Header) -> float:
    match header.format:
        case Format.JPEG:
            # Two bytes per coefficient where all must be there before the first line comes out.
            return 2.0 * header.samples if header.buffered else 0.25
        case Format.PNG:
            composed = 8.0 if header.animated else 0.0
            return composed + (4.0 if header.samples > 1 else header.bits / 8 if header.bits > 8 else 1.0)
        case Format.GIF:
            return 12.0 if header.animated else 1.0
        case Format.WEBP:
            # libwebp's canvas and the one before it, the frame handed out, and Pillow's copy.
            return 16.0
