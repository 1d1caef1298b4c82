"""`python -m tests.fuzz`, or `make fuzz`: damaged files of every format against the engine, for as long as asked.

Every input must end as a picture or as a named failure; none may crash the parent, outlive its timeout or take more
memory than the bound. What kills a renderer is kept in a folder, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from PIL import Image, ImageCms

from pipeline.errors import GalleryError, OutOfMemory, RendererDied
from pipeline.images.formats import Limits, check_bounds, read_header
from tests.cases.pngs import RGB, png
from tests.heif_files import coded, file, grid
from tests.render_fixtures import encoded, scene
from worker.render_process.renderer import Renderer

TIMEOUT = 10
PEAK_MB = 512
# Of so few no damage is a reason to run out of memory.
SMALL_PIXELS = 1_000_000


def seeds() -> dict[str, bytes]:
    """A small valid file of each kind."""
    picture, clear = scene((96, 64)), scene((96, 64)).convert("RGBA")
    clear.putalpha(picture.convert("L"))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    about = {
        "exif": exif.tobytes(),
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    tiles = [coded(scene((64, 64)), number, "AVIF") for number in range(1, 5)]
    frames = {"save_all": True, "append_images": [scene((96, 64)).rotate(90), clear], "duration": 40}
    return {
        "jpeg": encoded(picture, "JPEG", **about),
        "jpeg-progressive": encoded(picture, "JPEG", progressive=True),
        "jpeg-cmyk": encoded(picture.convert("CMYK"), "JPEG"),
        "mpo": encoded(picture, "MPO", save_all=True, append_images=[picture]),
        "png": encoded(picture, "PNG", **about),
        "png-alpha": encoded(clear, "PNG"),
        "png-palette": encoded(picture.quantize(16), "PNG", transparency=3),
        "png-16": encoded(Image.new("I;16", (96, 64), 999), "PNG"),
        "png-16-clear": encoded(Image.new("I;16", (96, 64), 999), "PNG", transparency=998),
        "png-interlaced": png((96, 64), RGB, picture.tobytes(), interlaced=True),
        "apng": encoded(clear, "PNG", **frames),
        "gif": encoded(picture, "GIF"),
        "gif-animated": encoded(picture, "GIF", **frames),
        "webp": encoded(picture, "WEBP", **about),
        "webp-lossless": encoded(clear, "WEBP", lossless=True),
        "webp-animated": encoded(clear, "WEBP", **frames),
        "heic": encoded(picture, "HEIF", **about),
        "heic-alpha": encoded(clear, "HEIF"),
        "heic-tiles": encoded(scene((900, 700)), "HEIF", tile_size=512),
        "avif": encoded(picture, "AVIF", **about),
        "avif-animated": encoded(picture, "AVIF", **frames),
        "avif-alpha": encoded(clear, "AVIF"),
        "avif-tiles": file([*tiles, grid(9, 2, 2, tiles, (128, 128))], 9, avif=True),
    }


def mutated(data: bytes, random: Random) -> bytes:
    """The file with one to four accidents: bytes changed, cut, doubled, swapped, or numbers made extreme."""
    broken = bytearray(data)
    for _ in range(random.randint(1, 4)):
        size = max(2, len(broken))
        start, length = random.randrange(size), random.choice((1, 2, 4, 16, random.randint(1, size)))
        match random.randrange(7):
            case 0:
                broken[start : start + 1] = bytes([random.randrange(256)])
            case 1:
                for at in range(start, min(start + length, len(broken)), random.randint(1, 9)):
                    broken[at] ^= 1 << random.randrange(8)
            case 2:
                del broken[start : start + length]
            case 3:
                del broken[start:]
            case 4:
                broken[start:start] = broken[start : start + length]
            case 5:
                other = random.randrange(size)
                one, two = bytes(broken[start : start + length]), bytes(broken[other : other + length])
                broken[start : start + length], broken[other : other + length] = two, one
            case _:
                broken[start : start + 4] = random.choice(
                    (bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x00\x00\xff\xff")
                )
    return bytes(broken)


@dataclass(slots=True)
class Fuzz:
    """One run: `ends` counts how inputs ended, `wrong` tells what must not happen."""

    seed: int
    keep: Path
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, count: int | None = None, seconds: float | None = None) -> None:
        """Until `count` inputs or `seconds` are over."""
        random, files = Random(self.seed), seeds()
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        renderer = Renderer(Limits(), TIMEOUT, lambda: None)
        try:
            number = 0
            while number != count and time.monotonic() < end:
                name = list(files)[number % len(files)]
                self._one(renderer, f"{self.seed}-{number}-{name}", mutated(files[name], random))
                number += 1
        finally:
            renderer.stop()

    def _one(self, renderer: Renderer, name: str, data: bytes) -> None:
        path = self.keep / "input"
        path.write_bytes(data)
        began, pixels = time.monotonic(), 0
        try:
            header = read_header(io.BytesIO(data))
            check_bounds(header, Limits())
            pixels = header.pixels
            renderer.render(path, lambda made: None)
            end = "ready"
        except RendererDied as death:
            end = death.code
            path.rename(self.keep / name)
        except GalleryError as error:
            end = error.code
            if end == OutOfMemory.code and pixels < SMALL_PIXELS:
                path.rename(self.keep / name)
                self.wrong.append(f"{name}: ran out of memory over {pixels} pixels")
        except Exception as error:  # noqa: BLE001 - what is not named is what is looked for
            end = "unnamed"
            path.rename(self.keep / name)
            self.wrong.append(f"{name}: {error!r}")
        self.ends[end] += 1
        if (took := time.monotonic() - began) > TIMEOUT + 5:
            self.wrong.append(f"{name}: took {took:.0f} seconds")
        if (peak := renderer.peak_mb()) > PEAK_MB:
            self.wrong.append(f"{name}: {peak} MB")


def main() -> int:
    """The exit status: 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    fuzz = Fuzz(options.seed, Path(tempfile.mkdtemp(prefix="gallery-fuzz-")))
    print(f"seed {fuzz.seed}; what kills a renderer is kept in {fuzz.keep}", flush=True)
    fuzz.run(seconds=options.minutes * 60)
    for name, number in fuzz.ends.most_common():
        print(f"{number:8} {name}")
    print("\n".join(fuzz.wrong))
    return 1 if fuzz.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
