"""Original in, pictures out: pure, and the only place where a picture is decoded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from pipeline.errors import CutOff, GalleryError, Unrenderable
from pipeline.images.formats import Limits, check_bounds, read_header
from pipeline.images.header import Format, upright
from pipeline.images.recipe import DECODER_GAPS, EFFORT, GAP, GRID, VIEW, decoding_scale
from pipeline.images.view_format import GRID_FORMAT, ViewFormat
from worker.engine.camera import camera_facts
from worker.engine.colour import to_srgb
from worker.engine.decode import decode, prepare
from worker.engine.encode import available, encoded
from worker.engine.gaps import missing_note, missing_of, without_gaps
from worker.engine.kind import kind_of
from worker.engine.picture import Picture, Rendition
from worker.engine.resize import fitted, fitted_size, view_of
from worker.engine.thumbhash import thumbhash

_HASHED = 32
# With less than this part of it there is too little to see.
_LEAST = 0.1
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
class View:
    """The view before it is encoded, RGB or RGBA in sRGB, remarks for the record, and size and format of the
    original."""

    picture: Image.Image
    notes: tuple[str, ...]
    size: tuple[int, int]
    format: Format


def render(
    original: BinaryIO,
    limits: Limits,
    publish: Callable[[Rendition], None],
    *,
    effort: int = EFFORT,
    wanted: Collection[str] = ("grid", "view"),
    view_format: ViewFormat = ViewFormat.AUTO,
    look: bool = True,
) -> Picture:
    """Make grid and view (longest sides 480 and 1600 pixels, never larger than the original), upright, in sRGB.

    `publish` is called with the grid first, and with those `wanted` alone; the grid by itself takes a smaller decode.
    `effort` (0 to 6) is the WebP encoder's; `view_format` says which format a view gets; `look` asks for placeholder
    and mean colour, which are those of the grid. Nothing of the original's metadata is in any of them. `original` is
    open, and can be sought. Raises `Unrenderable` and its kin, with a sentence for people, and `OSError` where the file
    cannot be read.
    """
    prepare()
    gap = DECODER_GAPS[view_format] if "view" in wanted else GAP
    found = upright_view(original, limits, VIEW if "view" in wanted else GRID, gap)
    view = found.picture
    placeholder = color = kind = None
    if look or "grid" in wanted:
        grid = fitted(view, GRID)
        if "grid" in wanted:
            publish(_rendition("grid", grid, GRID_FORMAT, effort))
        if look:
            placeholder, color = _look(grid)
    if "view" in wanted:
        kind = kind_of(view)
        format_ = available(view_format.of(kind))
        if format_ is Format.WEBP and _is_coarse(found, gap):  # a drawing or a text, as WebP
            view = upright_view(original, limits).picture
        publish(_rendition("view", view, format_, effort))
    facts = camera_facts(original, found.format)
    return Picture(
        placeholder,
        color,
        (*found.notes, *facts.notes),
        *found.size,
        kind=kind,
        taken_at=facts.taken_at,
        camera=facts.camera,
        lens=facts.lens,
        exposure=facts.exposure,
    )


def _is_coarse(view: View, gap: float) -> bool:
    """Whether a JPEG was scaled further by its decoder than it is for a view as WebP."""
    return view.format is Format.JPEG and decoding_scale(*view.size, VIEW * gap) > decoding_scale(*view.size)


def _look(grid: Image.Image) -> tuple[str, str]:
    """The placeholder and the mean colour."""
    small = grid.convert("RGBA").resize(fitted_size(grid.size, _HASHED), Image.Resampling.BOX)
    mean = small.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return thumbhash(small.width, small.height, small.tobytes()), f"#{mean.hex()}"


def upright_view(original: BinaryIO, limits: Limits, longest: int = VIEW, gap: float = GAP) -> View:
    """The view of an original, or another picture whose longest side is `longest`, and what was found on the way; rows
    that are missing are transparent.

    The decoder of a JPEG leaves `gap` times that side. The pixels of the original are freed when this returns. Raises
    as `render` does.
    """
    header = read_header(original)
    check_bounds(header, limits)
    try:
        source = decode(original, header, longest * gap)
        there = 1 - missing_of(source)
        if there < _LEAST:
            raise CutOff(there) if source.cut_off else Unrenderable
        view, notes = to_srgb(view_of(source, longest), source.meanings)
    except (MemoryError, GalleryError):
        raise
    except Exception as error:
        # Decoders raise whatever a damaged file leads them to; what has a number is the volume's.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Unrenderable from error
    if there < 1:
        view = without_gaps(view, source)
        notes = (*notes, missing_note(source))
    if (turn := _TURNS.get(source.orientation)) is not None:
        view = view.transpose(turn)
    return View(view, (*notes, *source.notes), upright(*source.full, source.orientation), header.format)


def _rendition(name: str, picture: Image.Image, format_: Format, effort: int) -> Rendition:
    return Rendition(name, encoded(name, picture, format_, effort), picture.width, picture.height, format_)
