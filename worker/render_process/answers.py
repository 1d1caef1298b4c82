"""What a render process says is untrusted, for the picture may have taken its decoder over: it is looked at
before anything of it reaches the volume. Each check raises `BrokenProtocol`."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from pipeline.errors import TITLES, GalleryError, Unrenderable
from pipeline.images.formats import HEAD_BYTES, identify, read_header
from pipeline.images.recipe import GRID, VIEW
from pipeline.images.view_format import GRID_FORMAT, ViewFormat
from pipeline.records import RENDITIONS
from worker.engine.camera import LONGEST, CameraFacts
from worker.engine.picture import Picture, Rendition
from worker.render_process.channel import BrokenProtocol
from worker.render_process.frames import Refused
from worker.render_process.whole import is_whole

_Found = TypeVar("_Found", Picture, CameraFacts)
_LONGEST = {"grid": GRID, "view": VIEW}
_NOTES, _NOTE, _SENTENCE = 20, 300, 600
_PLACEHOLDER, _COLOR = re.compile(r"[A-Za-z0-9+/]{1,64}={0,2}"), re.compile(r"#[0-9a-f]{6}")
_TAKEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d)?", re.ASCII)
# No format has longer ones that a decoder here takes; a view scaled from a scaled view is rounded twice.
_LONGEST_SIDE, _ROUNDING = 1 << 30, 1.5
_READ_BYTES = 1024 * 1024


def check_rendition(
    rendition: Rendition,
    made: Collection[str],
    wanted: Collection[str] = RENDITIONS,
    view_format: ViewFormat = ViewFormat.AUTO,
) -> Rendition:
    """A rendition that was `wanted`, has not come yet, is a whole file of a format that it may have and of the size it
    says, and no larger than its kind may be."""
    if rendition.name not in wanted or rendition.name in made:
        raise BrokenProtocol("it sent a rendition that was not asked for")
    if rendition.format not in (view_format.possible if rendition.name == "view" else (GRID_FORMAT,)):
        raise BrokenProtocol(f"its {rendition.name} is of another format than it may be")
    try:
        if identify(rendition.data[:HEAD_BYTES]) is not rendition.format:
            raise BrokenProtocol(f"its {rendition.name} is no {rendition.format.label}")
        header = read_header(io.BytesIO(rendition.data))
    except GalleryError:
        raise BrokenProtocol(f"its {rendition.name} is damaged") from None
    size = (rendition.width, rendition.height)
    whole = is_whole(rendition.format, rendition.data) and not header.animated
    if not whole or (header.width, header.height) != size:
        raise BrokenProtocol(f"its {rendition.name} is not the picture that it says")
    if max(size) > _LONGEST[rendition.name]:
        raise BrokenProtocol(f"its {rendition.name} is too large")
    return rendition


def check_picture(
    picture: Picture, made: Mapping[str, tuple[int, int]], wanted: Collection[str] = RENDITIONS, *, look: bool = True
) -> Picture:
    """Findings for the record, after all renditions `wanted` came: short, of the form that pages expect, and with a
    `look` if that was asked for. `made` are the sizes of the renditions, which have the shape of the picture."""
    if set(made) != set(wanted):
        raise BrokenProtocol("it ended before all renditions were made")
    found = (picture.placeholder, picture.color)
    if not (_is_look(*found) if look else found == (None, None)):
        raise BrokenProtocol("its placeholder cannot be read")
    check_facts(picture)
    if not 0 < picture.width <= _LONGEST_SIDE or not 0 < picture.height <= _LONGEST_SIDE:
        raise BrokenProtocol("it names no size of a picture")
    if (picture.kind is None) is ("view" in wanted) or (picture.kind is not None and not picture.kind.is_known):
        raise BrokenProtocol("it does not say what the picture is")
    for name, size in made.items():
        scale = min(1.0, _LONGEST[name] / max(picture.width, picture.height))
        right = picture.width * scale, picture.height * scale
        if any(abs(side - other) > _ROUNDING for side, other in zip(size, right, strict=True)):
            raise BrokenProtocol(f"its {name} has another shape than the picture")
    return picture


def _is_look(placeholder: str | None, color: str | None) -> bool:
    return bool(placeholder and _PLACEHOLDER.fullmatch(placeholder) and color and _COLOR.fullmatch(color))


def check_facts(found: _Found) -> _Found:
    """Remarks, and the facts of the camera: short, and of the form that pages expect."""
    if len(found.notes) > _NOTES or not all(_is_sentence(note, _NOTE) for note in found.notes):
        raise BrokenProtocol("its notes are too long")
    facts = (found.camera, found.lens, found.exposure)
    if not all(fact is None or _is_sentence(fact, LONGEST) for fact in facts):
        raise BrokenProtocol("what it says of the camera cannot be read")
    if found.taken_at is not None and not _is_clock(found.taken_at):
        raise BrokenProtocol("its date cannot be read")
    return found


def refusal(refused: Refused) -> GalleryError:
    """The named error for a picture that cannot be rendered."""
    if refused.code not in TITLES or not _is_sentence(refused.message, _SENTENCE):
        raise BrokenProtocol("its reason cannot be read")
    error = Unrenderable(refused.message)
    error.code = refused.code  # type: ignore[misc]
    return error


def check_unreadable(descriptor: int) -> None:
    """An original that the volume does not give to us either: the child's word alone would take its attempt back,
    again and again."""
    offset = 0
    try:
        while chunk := os.pread(descriptor, _READ_BYTES, offset):
            offset += len(chunk)
    except OSError:
        return
    raise BrokenProtocol("it could not read an original that can be read")


def _is_clock(text: str) -> bool:
    """Whether it is a moment that calendars have."""
    with suppress(ValueError):
        return _TAKEN.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    return False


def _is_sentence(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()
