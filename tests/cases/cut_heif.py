"""HEICs and AVIFs that are cut off or damaged: what is there is shown, and a note says what is missing."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from tests.cases import Case
from tests.cases.cut import (
    LATER,
    LOWER,
    case,
    clear,
    failed,
    first_part,
    grainy_greys,
    large_noisy,
    noisy,
    small_wheel,
    three_frames,
)
from tests.cases.heif import boxes, heif, items_of
from tests.render_fixtures import encoded, scene


def cases() -> list[Case]:
    """All of them."""
    return [
        case("heic", "one picture", _heic, noisy, LOWER, 0.3),
        case("heic-tiles", "four by three tiles", _heic_tiles, _tiled, LOWER, 0.3),
        case("avif", "one picture", _avif, noisy, LOWER, 0.3),
        case("avif-large", "tiles of AV1's own: four by two", _avif_large, large_noisy, LOWER, 0.3),
        case("avif-drawn", "blocks copied within the picture", _avif_drawn, _drawn, LOWER, 0.3),
        case("avif-grey", "grey, 4:0:0", _avif_grey, grainy_greys, LOWER, 0.3),
        case("avif-best", "4:4:4, every tool", _avif_best, noisy, LOWER, 0.3),
        case("avif-alpha", "with transparency", _avif_alpha, clear, LOWER, 0.3),
        case("avif-later-frames", "a sequence in its third frame", _avif_third, small_wheel, LATER, animated=True),
        case("avif-first-frame", "a sequence in its first frame", _avif_first, noisy, LOWER, 0.3, animated=True),
        case("heic-alpha", "its transparency is missing", _heic_alpha, noisy, "its transparency is missing"),
        case("heic-turned", "on its side by irot", _heic_turned, _on_its_side, "the left", 0.3, 1),
        case("heic-map", "its gain map is cut off, no pixel", _heic_map, noisy, "No pixel is missing"),
        failed("avif-little", "the head of its data", lambda: first_part(encoded(noisy(), "AVIF"), 0.12)),
        failed("heic-little", "the head of its data", lambda: first_part(encoded(noisy(), "HEIF"), 0.07)),
    ]


def _heif_part(data: bytes, part: float) -> bytes:
    """As much of the pixels' data."""
    pixels = max((body for name, body in boxes(data) if name == b"mdat"), key=len)
    start = data.index(pixels[:64])
    return data[: start + int(len(pixels) * part)]


def _heic() -> bytes:
    return _heif_part(encoded(noisy(), "HEIF", quality=90), 0.6)


def _tiled() -> Image.Image:
    return large_noisy().resize((1000, 750))


def _heic_tiles() -> bytes:
    return _heif_part(encoded(_tiled(), "HEIF", quality=60, tile_size=256), 0.6)


def _avif() -> bytes:
    return _heif_part(encoded(noisy(), "AVIF", quality=90), 0.6)


def _avif_large() -> bytes:
    return _heif_part(encoded(large_noisy(), "AVIF", quality=80, speed=9), 0.6)


def _drawn() -> Image.Image:
    return scene((600, 400))


def _avif_drawn() -> bytes:
    return _heif_part(encoded(_drawn(), "AVIF", quality=90), 0.6)


def _avif_grey() -> bytes:
    return _heif_part(encoded(grainy_greys(), "AVIF", quality=90, subsampling="4:0:0"), 0.65)


def _avif_best() -> bytes:
    return _heif_part(encoded(noisy(), "AVIF", quality=95, subsampling="4:4:4", speed=2), 0.85)


def _avif_alpha() -> bytes:
    return first_part(encoded(clear(), "AVIF", quality=90), 0.7)


def _avif_third() -> bytes:
    return first_part(three_frames("AVIF", small_wheel()), 0.95)


def _avif_first() -> bytes:
    data = three_frames("AVIF", noisy())
    start, length = _first_frame(data)
    return data[: start + length * 6 // 10]


def _first_frame(data: bytes) -> tuple[int, int]:
    """Where the primary item is, which is the first frame, and its length."""
    first = items_of(data)[0].data
    return data.index(first), len(first)


def _heic_alpha() -> bytes:
    """Cut within its last item."""
    return encoded(clear(), "HEIF", quality=90)[:-400]


def _heic_map() -> bytes:
    items = [items_of(encoded(picture, "HEIF", quality=90))[0] for picture in (noisy(), grainy_greys())]
    kind = (b"auxC", bytes(4) + b"urn:com:apple:photo:2020:aux:hdrgainmap\0")
    items[1] = replace(items[1], properties=[*items[1].properties, kind], references={b"auxl": [1]}, hidden=True)
    return heif(items)[:-500]


def _on_its_side() -> Image.Image:
    return noisy().transpose(Image.Transpose.ROTATE_270)


def _heic_turned() -> bytes:
    first = items_of(encoded(noisy(), "HEIF", quality=90))[0]
    turned = replace(first, properties=[*first.properties, (b"irot", b"\3")])
    return _heif_part(heif([turned]), 0.65)
