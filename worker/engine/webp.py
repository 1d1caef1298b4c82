"""WebP: by the decoder beneath Pillow's plugin, and what is damaged as far as it goes."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import BinaryIO

from PIL import Image, _webp

from pipeline.errors import CutOff, Unrenderable
from pipeline.images.containers.webp import Chunk, chunks
from pipeline.images.header import Header
from worker.engine.animation import SEEN, Layer, PlacedStrips, is_empty
from worker.engine.decoded import Decoded, RowStrips
from worker.engine.notes import LATER_FRAMES, SLIGHT
from worker.engine.webp_rows import decode_rows

_FRAME_HEAD = 16
_STILL = (b"ALPH", b"VP8 ", b"VP8L")


def decode_webp(file: BinaryIO, header: Header) -> Decoded:
    """The picture, or the first frame of an animation that shows anything."""
    data = file.read()
    try:
        return _decode(data, header)
    except (OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
    parts = list(chunks(io.BytesIO(data)))
    whole = [chunk for chunk in parts if chunk.at + chunk.length <= len(data)]
    frames = [number for number, chunk in enumerate(whole) if chunk.name == b"ANMF"]
    # all frames that are whole, or else the first one alone
    for end in (len(whole), frames[0] + 1) if frames else ():
        with suppress(OSError, EOFError):
            return _decode(_joined(data, whole[:end]), header, (LATER_FRAMES,))
    return _as_far_as_it_goes(data, parts, header)


def _decode(data: bytes, header: Header, notes: tuple[str, ...] = ()) -> Decoded:
    """Not by Pillow's plugin, which would keep its canvases and two copies of the frame."""
    decoder = _webp.WebPAnimDecoder(data)
    size, _, _, frames, raw_mode = decoder.get_info()
    profile = decoder.get_chunk("ICCP")
    if frames > 1:
        raw_mode = "RGBA"  # where no frame is, the canvas is transparent, whatever the file says of alpha
    mode = "RGB" if raw_mode == "RGBX" else raw_mode
    shown: bytes | None = None
    for number in range(min(frames, SEEN)):
        try:
            found = decoder.get_next()
        except OSError:
            if not number:
                raise
            notes = (LATER_FRAMES,)
            break
        if found is None:
            break
        if frames == 1 or not is_empty(Image.frombytes(mode, size, found[0], "raw", raw_mode)):
            shown = found[0]
            break
        del found
    if shown is None:
        decoder.reset()
        if (found := decoder.get_next()) is None:
            raise EOFError("the frame cannot be decoded")
        shown = found[0]
    del decoder
    strips = RowStrips(shown, size, mode, raw_mode, size[0] * 4)
    return Decoded(strips, size, size, header.orientation, (profile,) if profile else (), size, notes=notes)


def _joined(data: bytes, parts: list[Chunk]) -> bytes:
    """A file of whole chunks, which says its own length rightly."""
    body = b"".join(
        chunk.name
        + chunk.length.to_bytes(4, "little")
        + data[chunk.at : chunk.at + chunk.length]
        + bytes(chunk.length % 2)
        for chunk in parts
    )
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


def _as_far_as_it_goes(data: bytes, parts: list[Chunk], header: Header) -> Decoded:
    """The rows of the first frame that are there."""
    place: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    profile = next((data[one.at : one.at + one.length] for one in parts if one.name == b"ICCP"), b"")
    for chunk in parts:
        if chunk.name == b"VP8X":
            canvas = data[chunk.at : chunk.at + 10]
            size = (int.from_bytes(canvas[4:7], "little") + 1, int.from_bytes(canvas[7:10], "little") + 1)
        elif chunk.name == b"ANMF":
            head = data[chunk.at : chunk.at + 6]
            place = (int.from_bytes(head[:3], "little") * 2, int.from_bytes(head[3:], "little") * 2)
            parts = list(chunks(io.BytesIO(data), chunk.at + _FRAME_HEAD))
            break
    found = decode_rows(data, [chunk for chunk in parts if chunk.name in _STILL])
    if found is None:
        raise CutOff(0) if _is_cut(data, parts) else Unrenderable
    if size is None or place is None:
        # a still picture is as large as it is, whatever the file says of its canvas
        place, size = (0, 0), found.picture.size
    there = found.rows == found.picture.height
    strips = PlacedStrips(Layer(found.picture, place), size)
    return Decoded(
        strips,
        size,
        size,
        header.orientation,
        (profile,) if profile else (),
        size,
        rows=1.0 if there else (place[1] + found.rows) / size[1],
        cut_off=_is_cut(data, parts),
        notes=(SLIGHT,) if there else (),
    )


def _is_cut(data: bytes, parts: list[Chunk]) -> bool:
    return any(chunk.at + chunk.length > len(data) for chunk in parts)
