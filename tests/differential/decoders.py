"""The decoders that are compared: each takes a file and gives the picture, or says why there is none."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import resource
import select
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.errors import GalleryError
from pipeline.images.formats import Limits
from pipeline.images.header import Header
from pipeline.images.recipe import VIEW
from tests.conftest import ROOT
from worker.render_process.renderer import Renderer

HEIF_PROGRAM = shutil.which("heif-dec") or shutil.which("heif-convert")
HAS_VIPS = importlib.util.find_spec("pyvips") is not None
NO_VIPS = "pyvips is not installed: nothing but HEIC is compared"
NO_HEIF_PROGRAM = "neither heif-dec nor heif-convert is installed: no HEIC is compared"
_SECONDS = 20
_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as a decoder shows it, RGBA, no side longer than the view's; and what else it said."""

    picture: Image.Image
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nothing:
    """No picture, and why."""

    reason: str


class Ours:
    """The engine, in its render process."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "original"
        self._renderer = Renderer(Limits(), _SECONDS, lambda: None)

    def show(self, data: bytes) -> Shown | Nothing:
        """The view."""
        self._path.write_bytes(data)
        made: dict[str, bytes] = {}
        try:
            found = self._renderer.render(self._path, lambda one: made.__setitem__(one.name, one.data))
        except GalleryError as error:
            return Nothing(error.code)
        return Shown(Image.open(io.BytesIO(made["view"])).convert("RGBA"), found.notes)

    def stop(self) -> None:
        """End the render process."""
        self._renderer.stop()


class Vips:
    """libvips, in a process that is replaced if a file ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def show(self, data: bytes, *, strict: bool = False) -> Shown | Nothing:
        """The picture in a square of the view's size; `strict`: none if libvips finds anything wrong with the file."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.differential.vips"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "VIPS_CONCURRENCY": "1"},
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY)),
            )
        try:
            about, pixels = self._asked(self._process, data, strict)
        except (OSError, EOFError) as error:
            self.stop()
            return Nothing(f"it died: {error!r}")
        if "error" in about:
            return Nothing(about["error"])
        return Shown(Image.frombytes("RGBA", (about["width"], about["height"]), pixels))

    def finds_damage(self, data: bytes) -> bool:
        """Whether libvips finds anything wrong with the file."""
        return isinstance(self.show(data, strict=True), Nothing)

    def _asked(self, process: subprocess.Popen[bytes], data: bytes, strict: bool) -> tuple[dict[str, Any], bytes]:
        assert process.stdin
        assert process.stdout
        process.stdin.write(struct.pack(">?I", strict, len(data)) + data)
        process.stdin.flush()
        end = time.monotonic() + _SECONDS
        found, wanted = b"", 4
        while len(found) < wanted:
            if not select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise EOFError("no answer")
            if not (more := os.read(process.stdout.fileno(), 1 << 20)):
                raise EOFError("no more of it")
            found += more
            if wanted == 4 and len(found) >= 4:
                wanted += int.from_bytes(found[:4])
        line, _, pixels = found[4:].partition(b"\n")
        return json.loads(line), pixels

    def stop(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class HeifProgram:
    """libheif's own `heif-dec`, which older releases call `heif-convert`."""

    def __init__(self, folder: Path) -> None:
        self._source, self._target = folder / "second.heic", folder / "second.png"

    def show(self, data: bytes) -> Shown | Nothing:
        """The primary picture, scaled down."""
        assert HEIF_PROGRAM
        self._source.write_bytes(data)
        for one in self._target.parent.glob("second*.png"):
            one.unlink()
        try:
            done = subprocess.run(
                [HEIF_PROGRAM, self._source, self._target], capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Nothing("no answer")
        made = sorted(self._target.parent.glob("second*.png"))
        if done.returncode or not made:
            return Nothing((done.stderr or done.stdout).decode(errors="replace").strip())
        try:
            with Image.open(made[0]) as picture:
                shown = picture.convert("RGBA")
        except OSError as error:
            return Nothing(f"no picture: {error}")
        shown.thumbnail((VIEW, VIEW))
        return Shown(shown)

    def finds_damage(self, data: bytes) -> bool:
        """It does not say."""
        return False

    def stop(self) -> None:
        """Nothing runs."""


def second_for(header: Header, vips: Vips, heif: HeifProgram) -> Vips | HeifProgram | None:
    """The other decoder of this format, if it is installed: libvips' wheel reads no HEIC."""
    if header.format.value == "heic":
        return heif if HEIF_PROGRAM else None
    return vips if HAS_VIPS else None
