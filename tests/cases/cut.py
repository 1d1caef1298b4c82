"""Files that are cut off or damaged: what is there is shown, and a note says what is missing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.gifs import frame, gif
from tests.cases.heif import boxes
from tests.cases.motifs import greys, leaves, painted, rings, soft_disc, sunset, wheel
from tests.cases.pngs import RGB, chunk, png
from tests.render_fixtures import encoded

KIND = "cut off or damaged"
_EXTENSIONS = {"jpeg": "jpg"}
_FULL_COLOR = {mode: {"subsampling": 0} for mode in ("RGB", "CMYK")}


def cases() -> list[Case]:
    """All of them."""
    return [*_rows_missing(), *_detail_missing(), *_frames_missing(), *_nothing_missing(), *_too_little()]


def _rows_missing() -> list[Case]:
    off = "cut off: the lower"
    return [
        _case(
            "jpeg-turned", "lying on its side: the lower rows are at the left", _jpeg_turned, _turned, "left", 0.6, 1
        ),
        _case("jpeg-head-down", "upside down: they are above", _jpeg_down, _down, "upper", 0.6, 2),
        _case("jpeg-end-marker", "an end marker in the middle of the data", _jpeg_ended, _dusk, off, 0.5),
        _case("jpeg-grey", "shades of grey", _jpeg_grey, _greys, off, 0.5),
        _case("jpeg-cmyk", "four inks, larger than the view", _jpeg_cmyk, _large_sunset, off, 0.5),
        _case("jpeg-last-byte", "cut behind a byte that begins a marker", _jpeg_last, _rings, off, 0.4),
        _case("jpeg-first-pass", "progressive, cut in its first pass", _jpeg_first, _noisy, off, 0.3),
        _case("png", "the first half", _png, _dusk, off, 0.4),
        _case("png-palette", "a palette with transparency", _png_palette, _holed, off, 0.4),
        _case("png-deep", "16 bits a sample", _png_deep, _sunset, off, 0.3),
        _case(
            "png-damaged", "bytes changed in the middle of its data", _png_damaged, _noisy, "damaged: the lower", 0.3
        ),
        _case("gif", "the first half", _gif, _few_dusk, off, 0.4),
        _case(
            "gif-code", "a code that no decoder knows, in the middle", _gif_code, _few_rings, "damaged: the lower", 0.3
        ),
        _case("webp", "lossy", _webp, _noisy, off, 0.4),
        _case("webp-lossless", "lossless", _webp_lossless, _noisy, off, 0.4),
        _case("webp-alpha", "lossy, with transparency", _webp_alpha, _clear, off, 0.3),
        _case("webp-first-frame", "an animation, in its first frame", _webp_first, _noisy, off, 0.3),
        _case("heic", "one picture", _heic, _noisy, off, 0.3),
        _case("heic-tiles", "four by three tiles", _heic_tiles, _large_noisy, off, 0.3),
        _case("avif", "one picture", _avif, _noisy, off, 0.3),
    ]


def _detail_missing() -> list[Case]:
    note = "fine detail is missing"
    return [
        _case("jpeg-second-pass", "progressive, cut in a later pass", _jpeg_second, _rings, note, rough=True),
        _case(
            "jpeg-passes-missing",
            "whole passes are missing, with an end marker",
            _jpeg_passes,
            _sunset,
            note,
            rough=True,
        ),
        _case("png-interlaced", "cut in the sixth of seven passes", _png_interlaced, _sunset, note, rough=True),
        _case("gif-interlaced", "cut in the last of four passes", _gif_interlaced, _few_sunset, note, rough=True),
    ]


def _frames_missing() -> list[Case]:
    note = "later frames"
    return [
        _case("gif-third-frame", "an animation cut in its third frame", _gif_third, _few_wheel, note, animated=True),
        _case("webp-third-frame", "an animation cut in its third frame", _webp_third, _wheel, note, animated=True),
        _case("png-third-frame", "an animation cut in its third frame", _png_third, _wheel, note, animated=True),
    ]


def _nothing_missing() -> list[Case]:
    note = "No pixel is missing"
    return [
        _case("jpeg-no-end", "grey, without its end marker", _jpeg_no_end, lambda: painted(greys, (160, 200)), note),
        _case("png-no-end", "without its last chunk", _png_no_end, _leaves, note),
        _case("png-endless-text", "a text of two gigabytes behind its pixels, it says", _png_endless, _leaves, note),
        _case("png-adler", "interlaced, a wrong sum behind its data", _png_adler, _sunset, note),
        _case(
            "png-checksum",
            "wrong checksums of its EXIF and its gamma, which do not count then",
            _png_sums,
            _wheel,
            note,
        ),
        _case("png-pixels-checksum", "a wrong checksum of a chunk of pixels", _png_sum, _leaves),
        _case("gif-no-trailer", "without its trailer", _gif_no_trailer, _few_wheel, note),
    ]


def _too_little() -> list[Case]:
    return [
        _failed("jpeg-little", "a row of sixteen", lambda: _part(_jpeg(_noisy()), 0.12)),
        _failed("png-little", "a twentieth of its rows", lambda: _part(encoded(_noisy(), "PNG"), 0.06)),
        _failed("gif-little", "three rows", lambda: _part(_gif_of(_few(_dusk())), 0.05)),
        _failed("webp-little", "nothing but its first part", lambda: _part(encoded(_noisy(), "WEBP"), 0.05)),
        _failed("heic-little", "the head of its data", lambda: _part(encoded(_noisy(), "HEIF"), 0.07)),
    ]


def _case(
    name: str,
    about: str,
    data: Callable[[], bytes],
    reference: Callable[[], Image.Image],
    note: str = "",
    there: float = 1.0,
    turned: int = 0,
    **more: Any,
) -> Case:
    part = [(0.0, 0.0, 1.0, there), (1 - there, 0.0, 1.0, 1.0), (0.0, 1 - there, 1.0, 1.0)][turned]
    return Case(
        name=_named(name), kind=KIND, about=about, data=data, size=reference().size, reference=reference, note=note,
        notes=bool(note), part=part, **more,
    )  # fmt: skip


def _failed(name: str, about: str, data: Callable[[], bytes]) -> Case:
    words = ("cut off", "whole file")
    return Case(name=_named(name), kind=KIND, about=about, data=data, ends=("failed",), code="cut-off", words=words)


def _named(name: str) -> str:
    kind = name.partition("-")[0]
    return f"cut-{name}.{_EXTENSIONS.get(kind, kind)}"


def _part(data: bytes, part: float) -> bytes:
    return data[: int(len(data) * part)]


# What is shown


def _grainy(picture: Image.Image, seed: int) -> Image.Image:
    """With as much detail in every row."""
    grain = Image.frombytes("L", picture.size, Random(seed).randbytes(picture.width * picture.height))
    return Image.blend(picture, grain.convert("RGB"), 0.06)


def _noisy() -> Image.Image:
    return _grainy(painted(wheel, (240, 180)), 1)


def _large_noisy() -> Image.Image:
    return _grainy(painted(wheel, (200, 150)).resize((2000, 1500)), 2)


def _large_sunset() -> Image.Image:
    return painted(sunset, (180, 240)).resize((1800, 2400))


def _dusk() -> Image.Image:
    return _grainy(painted(sunset, (220, 160)), 3)


def _greys() -> Image.Image:
    return _grainy(painted(greys, (160, 200)), 4)


def _turned() -> Image.Image:
    return _dusk().transpose(Image.Transpose.ROTATE_270)


def _down() -> Image.Image:
    return _dusk().transpose(Image.Transpose.ROTATE_180)


def _rings() -> Image.Image:
    return painted(rings, (200, 150))


def _sunset() -> Image.Image:
    return painted(sunset, (200, 160))


def _leaves() -> Image.Image:
    return painted(leaves, (150, 150))


def _wheel() -> Image.Image:
    return painted(wheel, (160, 100))


def _few(picture: Image.Image) -> Image.Image:
    return picture.quantize(256, dither=Image.Dither.NONE)


def _few_dusk() -> Image.Image:
    return _few(_dusk()).convert("RGB")


def _few_rings() -> Image.Image:
    return _few(_rings()).convert("RGB")


def _few_sunset() -> Image.Image:
    return _few(_sunset()).convert("RGB")


def _few_wheel() -> Image.Image:
    return _few(_wheel()).convert("RGB")


def _holed() -> Image.Image:
    picture = _few_dusk().convert("RGBA")
    picture.putalpha(soft_disc(picture.size).point(lambda value: 255 if value > 128 else 0))
    return picture


def _clear() -> Image.Image:
    picture = _noisy()
    picture.putalpha(soft_disc(picture.size))
    return picture


# JPEG


def _jpeg(picture: Image.Image, **options: Any) -> bytes:
    return encoded(picture, "JPEG", quality=92, **options, **_FULL_COLOR.get(picture.mode, {}))


def _oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _part(_jpeg(_dusk(), exif=exif), 0.7)


def _jpeg_turned() -> bytes:
    return _oriented(6)


def _jpeg_down() -> bytes:
    return _oriented(3)


def _jpeg_ended() -> bytes:
    return _part(_jpeg(_dusk()), 0.65) + b"\xff\xd9"


def _jpeg_grey() -> bytes:
    return _part(_jpeg(_greys().convert("L")), 0.65)


def _jpeg_cmyk() -> bytes:
    return _part(_jpeg(_large_sunset().convert("CMYK")), 0.7)


def _jpeg_last() -> bytes:
    data = _jpeg(_rings())
    return data[: data.index(b"\xff\0", len(data) // 2) + 1]


def _jpeg_first() -> bytes:
    data = _jpeg(_noisy(), progressive=True)
    first = data.index(b"\xff\xda")
    return data[: first + (data.index(b"\xff\xda", first + 2) - first) * 6 // 10]


def _passes(data: bytes) -> list[int]:
    found = [data.index(b"\xff\xda")]
    while (at := data.find(b"\xff\xda", found[-1] + 2)) >= 0:
        found.append(at)
    return found


def _jpeg_second() -> bytes:
    data = _jpeg(_rings(), progressive=True)
    starts = _passes(data)
    return data[: (starts[5] + starts[6]) // 2]


def _jpeg_passes() -> bytes:
    data = _jpeg(_sunset(), progressive=True)
    # without the tables of the pass that follows
    return data[: data.rindex(b"\xff\xc4", 0, _passes(data)[-2])] + b"\xff\xd9"


def _jpeg_no_end() -> bytes:
    return _jpeg(painted(greys, (160, 200)).convert("L"))[:-2]


# PNG


def _png() -> bytes:
    return _part(encoded(_dusk(), "PNG"), 0.55)


def _png_palette() -> bytes:
    holed = _holed().quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return _part(encoded(holed, "PNG"), 0.6)


def _png_deep() -> bytes:
    pixels = b"".join(bytes((value, 200)) for value in _sunset().tobytes())
    return _part(png((200, 160), RGB, pixels, bits=16), 0.5)


def _png_damaged() -> bytes:
    whole = encoded(_noisy(), "PNG")
    pixels, packer = _noisy().tobytes(), zlib.compressobj()
    rows = b"".join(b"\0" + pixels[at : at + 720] for at in range(0, len(pixels) // 2, 720))
    half = packer.compress(rows) + packer.flush(zlib.Z_FULL_FLUSH)
    # no block of zlib's begins like this
    return whole[:33] + chunk(b"IDAT", half + b"\xff" * 900) + whole[-12:]


def _png_interlaced() -> bytes:
    whole = png((200, 160), RGB, _sunset().tobytes(), interlaced=True)
    return _part(whole, 0.65)


def _png_no_end() -> bytes:
    return encoded(_leaves(), "PNG")[:-12]


def _png_endless() -> bytes:
    return encoded(_leaves(), "PNG")[:-12] + b"\x7f\xff\xff\xfftEXtComment\0" + b"nothing more"


def _png_adler() -> bytes:
    whole = bytearray(png((200, 160), RGB, _sunset().tobytes(), interlaced=True))
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
    data = encoded(_wheel(), "PNG", exif=exif)
    gamma = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 100_000) + b"oops"
    return _wrong(data[:33] + gamma + data[33:], b"eXIf")


def _png_sum() -> bytes:
    return _wrong(encoded(_leaves(), "PNG"), b"IDAT")


def _png_third() -> bytes:
    data = _frames("PNG", _wheel())
    return data[: data.rindex(b"fdAT") + 30]


# GIF


def _gif_of(*pictures: Image.Image, interlaced: bool = False) -> bytes:
    frames = [
        frame(one, (0, 0), palette=bytes(one.getpalette() or ()).ljust(768, b"\0"), interlaced=interlaced)
        for one in pictures
    ]
    return gif(pictures[0].size, frames)


def _gif() -> bytes:
    return _part(_gif_of(_few(_dusk())), 0.55)


def _gif_code() -> bytes:
    data = bytearray(_gif_of(_few(_rings())))
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xff" * 40
    return bytes(data)


def _gif_interlaced() -> bytes:
    return _part(_gif_of(_few(_sunset()), interlaced=True), 0.8)


def _gif_third() -> bytes:
    few = [_few(painted(motif, (160, 100))) for motif in (wheel, leaves, sunset)]
    return _part(_gif_of(*few), 0.9)


def _gif_no_trailer() -> bytes:
    return _gif_of(_few(_wheel()))[:-1]


# WebP


def _frames(kind: str, *first: Image.Image) -> bytes:
    others = [painted(motif, first[0].size) for motif in (rings, sunset)]
    return encoded(first[0], kind, save_all=True, append_images=others, duration=80, quality=92)


def _webp() -> bytes:
    return _part(encoded(_noisy(), "WEBP", quality=92), 0.65)


def _webp_lossless() -> bytes:
    return _part(encoded(_noisy(), "WEBP", lossless=True), 0.6)


def _webp_alpha() -> bytes:
    return _part(encoded(_clear(), "WEBP", quality=92), 0.75)


def _webp_first() -> bytes:
    data = _frames("WEBP", _noisy())
    at = data.index(b"ANMF")
    return data[: at + int.from_bytes(data[at + 4 : at + 8], "little") * 6 // 10]


def _webp_third() -> bytes:
    return _part(_frames("WEBP", _wheel()), 0.95)


# HEIC and AVIF


def _heif_part(data: bytes, part: float) -> bytes:
    """As much of the pixels' data."""
    pixels = max((body for name, body in boxes(data) if name == b"mdat"), key=len)
    start = data.index(pixels[:64])
    return data[: start + int(len(pixels) * part)]


def _heic() -> bytes:
    return _heif_part(encoded(_noisy(), "HEIF", quality=90), 0.6)


def _heic_tiles() -> bytes:
    return _heif_part(encoded(_large_noisy(), "HEIF", quality=60, tile_size=512), 0.6)


def _avif() -> bytes:
    return _heif_part(encoded(_noisy(), "AVIF", quality=90), 0.6)
