"""`python -m tests.children WHAT N`: render processes that are not what a worker expects."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from PIL import Image

from pipeline.images.formats import Format, Limits
from pipeline.images.view_format import Kind
from tests.pictures import picture
from tests.render_fixtures import encoded
from worker.engine.camera import CameraFacts
from worker.engine.picture import Picture, Rendition
from worker.engine.render import render
from worker.render_process.child import main
from worker.render_process.frames import (
    LENGTH,
    MOST_BYTES,
    Crashed,
    FactsAnswer,
    PictureAnswer,
    Ready,
    Refused,
    RenditionAnswer,
    Unreadable,
    encode,
)
from worker.sandbox import Confinement

_SMALL, _WIDE = picture("WEBP", (8, 8)), picture("WEBP", (2000, 8))
_JPEG, _AVIF = picture("JPEG", (8, 8)), picture("AVIF", (8, 8))
_MOVING = encoded(Image.new("RGB", (8, 8)), "AVIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])
_GRID, _VIEW = (Rendition(name, _SMALL, 8, 8) for name in ("grid", "view"))
_FOUND = Picture("AAAA", "#000000", (), 8, 8, Kind.GRAPHIC)
_BOTH = encode(RenditionAnswer(_GRID)) + encode(RenditionAnswer(_VIEW))


class _Pickled:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch /tmp/taken-over-by-a-pickle",)


def _framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


def _grid(data: bytes, width: int, height: int) -> bytes:
    return encode(RenditionAnswer(Rendition("grid", data, width, height)))


def _done(**changes: Any) -> bytes:
    return _BOTH + encode(PictureAnswer(replace(_FOUND, **changes)))


LIES = {
    "a pickle": _framed(pickle.dumps(_Pickled())),
    "no message": _framed(b"\xc1" * 40),
    "an unknown message": _framed(msgspec.msgpack.encode({"type": "run", "command": "id"})),
    "a message of other types": _framed(msgspec.msgpack.encode({"type": "done", "picture": ["AAAA", 7, None]})),
    "an endless message": LENGTH.pack(MOST_BYTES + 1),
    "a second beginning": encode(Ready(Confinement(frozenset()), calls_libwebp=True, writes_avif=True)),
    "a rendition that is no picture": _grid(b"<script>" * 9, 8, 8),
    "a rendition of another format": _grid(picture("PNG", (8, 8)), 8, 8),
    "a grid that is a JPEG": encode(RenditionAnswer(Rendition("grid", _JPEG, 8, 8, Format.JPEG))),
    "a view of a format that was not asked for": encode(RenditionAnswer(_GRID))
    + encode(RenditionAnswer(Rendition("view", _JPEG, 8, 8, Format.JPEG))),
    "a view that is called an AVIF": encode(RenditionAnswer(_GRID))
    + encode(RenditionAnswer(Rendition("view", _SMALL, 8, 8, Format.AVIF))),
    "an AVIF with something behind it": encode(RenditionAnswer(_GRID))
    + encode(RenditionAnswer(Rendition("view", _AVIF + b"<script>", 8, 8, Format.AVIF))),
    "an AVIF that moves": encode(RenditionAnswer(_GRID))
    + encode(RenditionAnswer(Rendition("view", _MOVING, 8, 8, Format.AVIF))),
    "a view of a format that nobody knows": encode(RenditionAnswer(_GRID))
    + encode(RenditionAnswer(Rendition("view", _SMALL, 8, 8, Format("exe")))),
    "half a rendition": _grid(_SMALL[:20], 8, 8),
    "a rendition with something behind it": _grid(_SMALL + b"<script>", 8, 8),
    "a rendition of another size": _grid(_SMALL, 9, 8),
    "a rendition that is too wide": _grid(_WIDE, 2000, 8),
    "a rendition of no size": _grid(_SMALL, -8, -8),
    "a rendition by another name": encode(RenditionAnswer(Rendition("../original", _SMALL, 8, 8))),
    "a rendition twice": encode(RenditionAnswer(_GRID)) * 2,
    "an end before the renditions": encode(PictureAnswer(_FOUND)),
    "a kind that nobody knows": _done(kind=Kind("mine")),
    "a view of no kind": _done(kind=None),
    "a long placeholder": _done(placeholder="A" * 1000),
    "a placeholder that is a page": _done(placeholder="<b>"),
    "a colour that is a style": _done(color="red;background:url(/)"),
    "a long note": _done(notes=("x" * 1000,)),
    "many notes": _done(notes=("x",) * 1000),
    "a note with control characters": _done(notes=("\x1b]0;mine\x07",)),
    "a date that is none": _done(taken_at="yesterday"),
    "a long camera": _done(camera="x" * 1000),
    "a lens with control characters": _done(lens="\x1b]0;mine\x07"),
    "a picture of no size": _done(width=0),
    "a picture without end": _done(width=1 << 62, height=1 << 62),
    "a picture of another shape": _done(width=4000, height=1000),
    "a reason that does not exist": encode(Refused("mine", "It is mine.")),
    "a reason without end": encode(Refused("cannot-be-decoded", "x" * 100_000)),
    "a fault of the volume": encode(Unreadable(5)),
    "an error without end": encode(Crashed("x" * 100_000)),
}


LIES_OF_THE_CAMERA = {
    "a picture": _done(),
    "a month that no year has": encode(FactsAnswer(CameraFacts(taken_at="2019-13-01T00:00:00"))),
    "an offset that no place has": encode(FactsAnswer(CameraFacts(taken_at="2019-12-01T00:00:00+99:00"))),
    "an exposure that is a page": encode(FactsAnswer(CameraFacts(exposure="1/2 s\n<script>"))),
    "an endless lens": encode(FactsAnswer(CameraFacts(lens="x" * 1000))),
}


def lie(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], **how: Any) -> Picture:
    """Say what the file names; the answer for the next picture too, after the end of this one."""
    said = original.read().decode("latin-1")
    if said in LIES:
        os.write(3, LIES[said])
        time.sleep(60)
    if said == "the next answer":
        os.write(3, _done() + _BOTH)
    if said == "half an answer":
        os.write(3, _BOTH[:99])
        time.sleep(60)
    if said == "nothing":
        time.sleep(60)
    publish(_GRID)
    publish(_VIEW)
    return _FOUND


def lie_of_the_camera(original: BinaryIO, limits: Limits) -> CameraFacts:
    """Say what the file names."""
    os.write(3, LIES_OF_THE_CAMERA[original.read().decode()])
    time.sleep(60)
    return CameraFacts()


def die_in_a_sentence(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], **how: Any) -> Picture:
    """End in the middle of an answer."""
    if isinstance(original.name, int):
        os.write(3, LENGTH.pack(100_000) + bytes(100))
        os.kill(os.getpid(), signal.SIGKILL)
    return _FOUND


def spin(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], **how: Any) -> Picture:
    """Compute without end."""
    while isinstance(original.name, int):
        pass
    return _FOUND


def die_at_the_view(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], **how: Any) -> Picture:
    """End as by a fault in the view's encoder."""
    if isinstance(original.name, int) and "view" in how["wanted"]:
        if "grid" in how["wanted"]:
            publish(_GRID)
        os.kill(os.getpid(), signal.SIGSEGV)
    return render(original, limits, publish, **how)


def die(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], **how: Any) -> Picture:
    """End as by a fault in a codec, at a stranger's picture."""
    if isinstance(original.name, int):  # a sample has a path
        os.kill(os.getpid(), signal.SIGSEGV)
    return _FOUND


if __name__ == "__main__":
    match sys.argv[1]:
        case "free":
            main(parts=frozenset())
        case "lies":
            main(lie, read=lie_of_the_camera)
        case "dies at the view":
            main(die_at_the_view, frozenset())
        case "dies":
            main(die, frozenset())
        case "dies in a sentence":
            main(die_in_a_sentence, frozenset())
        case "spins":
            os.setsid()
            with suppress(OSError):  # get a processor whatever else runs on this machine, if we may
                os.nice(-20)
                Path("/proc/self/autogroup").write_text("-20")
            main(spin)
        case "cannot start":
            sys.exit(7)
