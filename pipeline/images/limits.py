"""What a picture may ask of a worker, judged by its header before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import NeedsTooMuchMemory, TooManyFrames, TooManyPixels, TooManyScans, TooMuchMetadata
from pipeline.images.header import READ_WHOLE, Format, Header
from pipeline.images.recipe import decoding_scale

_MB = 1024 * 1024
_METADATA_BYTES = 32 * _MB
# The view and what it is made from and into, beside the pixels of the original.
_AT_WORK = 56 * _MB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one picture: megapixels of a frame, frames, megapixels over all frames, scans of a JPEG, megapixels
    over all scans, memory to decode.

    The memory leaves a worker of 512 MiB its interpreter, its decoders and the renditions.
    """

    megapixels: int = 250
    frames: int = 5000
    frame_megapixels: int = 5000
    scans: int = 500
    scan_megapixels: int = 5000
    memory_mb: int = 384


def check_bounds(header: Header, limits: Limits) -> None:
    """Raise the named error of the first bound that the picture is beyond: no worker should begin it."""
    if header.pixels > limits.megapixels * 1_000_000:
        raise TooManyPixels(header.width, header.height, limits.megapixels)
    total = header.frames * header.pixels
    if header.animated and (header.frames > limits.frames or total > limits.frame_megapixels * 1_000_000):
        raise TooManyFrames(header.frames, header.width, header.height, limits.frames, limits.frame_megapixels)
    if header.scans > limits.scans or header.scans * header.pixels > limits.scan_megapixels * 1_000_000:
        raise TooManyScans(header.scans, header.width, header.height, limits.scans, limits.scan_megapixels)
    if header.format not in READ_WHOLE and header.held > _METADATA_BYTES:
        raise TooMuchMetadata(header.format.label, header.held, _METADATA_BYTES)
    needed = decode_bytes(header)
    if needed > limits.memory_mb * _MB:
        raise NeedsTooMuchMemory(header.format.label, header.width, header.height, -(-needed // _MB), limits.memory_mb)


def decode_bytes(header: Header) -> int:
    """Bytes of memory that decoding and scaling need at their peak, after measurement (docs/benchmarks.md).

    A baseline JPEG is scaled by its decoder, line by line; all others are held whole, in what their decoder
    keeps and what it hands out.
    """
    copies = 1 if header.format is Format.WEBP else 2
    return _AT_WORK + copies * header.held + int(header.pixels * _bytes_per_pixel(header))


def _bytes_per_pixel(header: Header) -> float:
    # One decoded sample of each plane; more than eight bits take two bytes.
    planes = header.samples * (2 if header.bits > 8 else 1)
    match header.format:
        case Format.JPEG:
            # Two bytes per coefficient where all must be there before the first line comes out.
            scaled = 4.0 / decoding_scale(header.width, header.height) ** 2
            return scaled + (2.0 * header.samples if header.buffered else 0.05)
        case Format.PNG:
            composed = 8.0 if header.animated else 0.0
            # where the lower bytes are those of the transparent colour
            masked = 1.0 if header.clear and header.bits > 8 else 0.0
            return composed + masked + (4.0 if header.samples > 1 else header.bits / 8 if header.bits > 8 else 1.0)
        case Format.GIF:
            return 12.0 if header.animated else 1.0
        case Format.WEBP:
            # Two canvases of libwebp, and the frame handed out.
            return 20.0 if header.animated else 9.0 + header.samples
        case Format.HEIC:
            return 3.5 + planes * (2 if header.samples >= 3 else 1)
        case Format.AVIF:
            return 6.5 + 1.3 * planes
