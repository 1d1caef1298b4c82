"""PNGs that are cut off or damaged: what is there is shown, and a note says what is missing."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from tests.cases import Case
from tests.cases.cut import (
    DETAIL,
    LATER,
    LOWER,
    NOTHING,
    case,
    dusk,
    failed,
    first_part,
    grainy_greys,
    holed,
    noisy,
    small_leaves,
    small_sunset,
    small_wheel,
    three_frames,
)
from tests.cases.pngs import RGB, chunk, png
from tests.render_fixtures import encoded


def cases() -> list[Case]:
    """All of them."""
    return [
        case("png", "the first half", _png, dusk, LOWER, 0.4),
        case("png-palette", "a palette with transparency", _png_palette, holed, LOWER, 0.4),
        case("png-deep", "16 bits a sample", _png_deep, small_sunset, LOWER, 0.3),
        case("png-damaged", "bytes changed in the middle of its data", _png_damaged, noisy, "damaged: the lower", 0.3),
        case("png-short", "data that ends soundly in the middle", _png_short, noisy, "damaged: the lower", 0.5),
        case(
            "png-short-grey",
            "the same with a palette of greys",
            _png_short_grey,
            grainy_greys,
            "damaged: the lower",
            0.5,
        ),
        case("png-black", "black below, and whole", _png_black, _half_black),
        case("png-interlaced", "cut in the sixth of seven passes", _png_interlaced, small_sunset, DETAIL, rough=True),
        case("png-third-frame", "an animation cut in its third frame", _png_third, small_wheel, LATER, animated=True),
        case("png-no-end", "without its last chunk", _png_no_end, small_leaves, NOTHING),
        case(
            "png-endless-text",
            "a text of two gigabytes behind its pixels, it says",
            _png_endless,
            small_leaves,
            NOTHING,
        ),
        case("png-adler", "interlaced, a wrong sum behind its data", _png_adler, small_sunset, NOTHING),
        case(
            "png-checksum",
            "wrong checksums of its EXIF and its gamma, which do not count then",
            _png_sums,
            small_wheel,
            NOTHING,
        ),
        case("png-pixels-checksum", "a wrong checksum of a chunk of pixels", _png_sum, small_leaves),
        failed("png-little", "a twentieth of its rows", lambda: first_part(encoded(noisy(), "PNG"), 0.06)),
    ]


def _png() -> bytes:
    return first_part(encoded(dusk(), "PNG"), 0.55)


def _png_palette() -> bytes:
    few = holed().quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return first_part(encoded(few, "PNG"), 0.6)


def _png_deep() -> bytes:
    pixels = b"".join(bytes((value, 200)) for value in small_sunset().tobytes())
    return first_part(png((200, 160), RGB, pixels, bits=16), 0.5)


def _png_damaged() -> bytes:
    whole = encoded(noisy(), "PNG")
    pixels, packer = noisy().tobytes(), zlib.compressobj()
    rows = b"".join(b"\0" + pixels[at : at + 720] for at in range(0, len(pixels) // 2, 720))
    half = packer.compress(rows) + packer.flush(zlib.Z_FULL_FLUSH)
    # no block of zlib's begins like this
    return whole[:33] + chunk(b"IDAT", half + b"\xff" * 900) + whole[-12:]


def _short(data: bytes) -> bytes:
    """A PNG of one chunk of pixels that holds half of its rows, and says that they are all."""
    start, end = data.index(b"IDAT") - 4, data.rindex(b"IEND") - 4
    rows, at = b"", start
    while at < end:
        length = int.from_bytes(data[at : at + 4])
        rows, at = rows + data[at + 8 : at + 8 + length], at + 12 + length
    pixels = zlib.decompress(rows)
    return data[:start] + chunk(b"IDAT", zlib.compress(pixels[: len(pixels) * 6 // 10])) + data[end:]


def _png_short() -> bytes:
    return _short(encoded(noisy(), "PNG"))


def _png_short_grey() -> bytes:
    return _short(encoded(grainy_greys().convert("L").convert("P"), "PNG"))


def _half_black() -> Image.Image:
    picture = noisy()
    picture.paste((0, 0, 0), (0, picture.height // 2, picture.width, picture.height))
    return picture


def _png_black() -> bytes:
    return encoded(_half_black(), "PNG")


def _png_interlaced() -> bytes:
    whole = png((200, 160), RGB, small_sunset().tobytes(), interlaced=True)
    return first_part(whole, 0.65)


def _png_no_end() -> bytes:
    return encoded(small_leaves(), "PNG")[:-12]


def _png_endless() -> bytes:
    return encoded(small_leaves(), "PNG")[:-12] + b"\x7f\xff\xff\xfftEXtComment\0" + b"nothing more"


def _png_adler() -> bytes:
    whole = bytearray(png((200, 160), RGB, small_sunset().tobytes(), interlaced=True))
    end = whole.rindex(b"IEND") - 4
    whole[end - 6] ^= 0x55
    return bytes(whole)


def _wrong(data: bytes, name: bytes) -> bytes:
    """A PNG in which the checksum of a chunk is wrong."""
    at = data.index(name)
    end = at + 4 + int.from_bytes(data[at - 4 : at])
    return data[:end] + b"oops" + data[end + 4 :]


def _png_sums() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(small_wheel(), "PNG", exif=exif)
    gamma = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 100_000) + b"oops"
    return _wrong(data[:33] + gamma + data[33:], b"eXIf")


def _png_sum() -> bytes:
    return _wrong(encoded(small_leaves(), "PNG"), b"IDAT")


def _png_third() -> bytes:
    data = three_frames("PNG", small_wheel())
    return data[: data.rindex(b"fdAT") + 30]
