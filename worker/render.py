"""Original in, pictures out: pure, and the only place where a picture is decoded."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from pipeline.errors import Unrenderable
from pipeline.formats import Header, Limits, check_bounds, read_header
from worker.thumbhash import thumbhash

RECIPE = 1
GRID, VIEW = 480, 1600
_QUALITY, _EFFORT = 80, 2
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture made: its name (`grid` or `view`), WebP bytes, and size in pixels."""

    name: str
    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What rendering found: ThumbHash in base64, mean colour as #rrggbb, remarks for the record."""

    placeholder: str
    color: str
    notes: tuple[str, ...]


def render(original: Path, limits: Limits, publish: Callable[[Rendition], None]) -> Picture:
    """Make grid and view (longest sides 480 and 1600 pixels, never larger than the original), upright, in sRGB.

    `publish` is called with the grid first. Raises `Unrenderable` and its kin, with a sentence for people.
    """
    Image.MAX_IMAGE_PIXELS = None  # our own bounds come first, from the header
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with original.open("rb") as file:
        header = read_header(file)
        check_bounds(header, limits)
        file.seek(0)
        try:
            with Image.open(file, formats=_decoders(header)) as source:
                view, notes = _view(source, header)
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
            raise Unrenderable from error
    grid = _fitted(view, GRID)
    publish(_encoded("grid", grid))
    publish(_encoded("view", view))
    small = grid.convert("RGBA")
    small.thumbnail((32, 32))
    mean = grid.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return Picture(thumbhash(small.width, small.height, small.tobytes()), f"#{mean.hex()}", notes)


def _decoders(header: Header) -> tuple[str, ...]:
    """The only decoders that this file may reach."""
    return ("JPEG", "MPO") if header.format.value == "jpeg" else (header.format.value.upper(),)


def _view(source: Image.Image, header: Header) -> tuple[Image.Image, tuple[str, ...]]:
    if header.format.value == "jpeg":
        box = _box(source.size, VIEW)
        source.draft(None, box)
    if header.animated:
        _seek_first_with_content(source)
    source.load()
    profile = source.info.get("icc_profile")
    picture: Image.Image = source
    if picture.mode.startswith("I"):
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode == "CMYK" and profile:
        pass
    elif picture.mode in ("P", "PA", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGB")
    picture = _fitted(picture, VIEW)
    picture, notes = _to_srgb(picture, profile)
    turn = _TURNS.get(header.orientation)
    return (picture.transpose(turn) if turn is not None else picture), notes


def _seek_first_with_content(source: Image.Image) -> None:
    """Stand on the first frame that shows anything; on the first where none does within ten."""
    for number in range(10):
        try:
            source.seek(number)
        except EOFError:
            break
        extrema = source.convert("RGBA").getchannel("A").getextrema()
        if extrema[1] != 0:
            return
    source.seek(0)


def _to_srgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    if not profile:
        return picture, ()
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB") if alpha is not None else picture
    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(colours, found, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture.convert("RGBA" if alpha else "RGB"), ("The colour profile is damaged and was ignored.",)
    if converted is None:
        return picture, ()
    if alpha is not None:
        converted.putalpha(alpha)
    return converted, ()


def _box(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _fitted(picture: Image.Image, longest: int) -> Image.Image:
    """Scaled down to fit; with premultiplied alpha, so that no dark fringes appear."""
    box = _box(picture.size, longest)
    if box == picture.size:
        return picture.copy()
    if picture.mode == "RGBA":
        return picture.convert("RGBa").resize(box, Image.Resampling.BICUBIC).convert("RGBA")
    return picture.resize(box, Image.Resampling.BICUBIC, reducing_gap=1.5)


def _encoded(name: str, picture: Image.Image) -> Rendition:
    out = io.BytesIO()
    clean = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    clean.save(out, "WEBP", quality=_QUALITY, method=_EFFORT)
    return Rendition(name, out.getvalue(), picture.width, picture.height)
