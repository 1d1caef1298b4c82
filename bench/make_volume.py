"""`python -m bench.make_volume FOLDER --images N [--days D]`: a volume with many ready images, made quickly.

A dozen pictures are made once; every image has a record, an id and a folder of its own, and its files are hard links
to one of the dozen. Images come in bursts of `--burst` a minute, spread evenly over the days before today, or, with
`--days 1`, over yesterday.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.images.formats import Format
from pipeline.records import Record, State, StoredRendition
from pipeline.times import format_rfc3339
from pipeline.volume.layout import RECORD, Layout
from worker.engine.thumbhash import thumbhash

_SHAPES = ((3, 2), (2, 3), (4, 3), (3, 4), (16, 9), (1, 1))
_MOST_LINKS = 60_000
_DAY_MS = 24 * 3600 * 1000


@dataclass(slots=True)
class _Model:
    """One of the dozen: the record that its images share, its files, and how many links they have."""

    record: Record
    files: dict[str, bytes]
    folder: Path
    links: int = 0

    def link_to(self, target: Path) -> None:
        """Put the files into a folder; files with too many links are made anew first."""
        if self.links % _MOST_LINKS == 0:
            self.folder.mkdir(exist_ok=True)
            for name, data in self.files.items():
                (self.folder / name).unlink(missing_ok=True)
                (self.folder / name).write_bytes(data)
        self.links += 1
        for name in self.files:
            os.link(self.folder / name, target / name)


def make(
    data: Path,
    images: int,
    days: int = 1,
    burst: int = 10,
    claims: bool = False,
    dress: Callable[[int, Record], Record] = lambda _, record: record,
) -> None:
    """Fill the volume `data` with `images` images over `days` days; `claims` lets uploads find them as duplicates.

    `dress` may change the record of each, by its number; those that it fails are marked as failed.
    """
    layout = Layout(data)
    for name in layout.FOLDERS:
        (data / name).mkdir(parents=True, exist_ok=True)
    models = [_model(layout.incoming / f"model-{number}", number) for number in range(12)]
    made: set[Path] = set()
    for number, moment in enumerate(_moments(images, days, burst)):
        image_id = f"{moment >> 16:08x}-{moment & 0xFFFF:04x}-7{secrets.token_hex(2)[1:]}-8{secrets.token_hex(8)[1:]}"
        image_id = f"{image_id[:23]}-{image_id[23:]}"
        model = models[number % len(models)]
        folder = layout.image(image_id)
        if folder.parent not in made:
            folder.parent.mkdir(parents=True, exist_ok=True)
            made.add(folder.parent)
        folder.mkdir()
        model.link_to(folder)
        when = format_rfc3339(datetime.fromtimestamp(moment / 1000, UTC))
        sha256 = hashlib.sha256(image_id.encode()).hexdigest()
        record = model.record.with_(
            id=image_id,
            name=f"picture-{number}.jpg",
            sha256=sha256,
            received_at=when,
            started_at=when,
            finished_at=when,
        )
        record = dress(number, record)
        if record.state is State.FAILED:
            layout.failure(image_id).touch()
        (folder / RECORD).write_bytes(record.to_json())
        if claims:
            claim = layout.claim(sha256)
            claim.parent.mkdir(exist_ok=True)
            claim.symlink_to(image_id)
    for model in models:
        for name in model.files:
            (model.folder / name).unlink(missing_ok=True)
        if model.folder.exists():
            model.folder.rmdir()


def _moments(images: int, days: int, burst: int) -> Iterator[int]:
    """The times at which the images came, in milliseconds, oldest first."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = int((today - timedelta(days=days)).timestamp() * 1000)
    bursts = -(-images // burst)
    for number in range(images):
        yield start + (number // burst) * days * _DAY_MS // bursts + number % burst


def _model(folder: Path, number: int) -> _Model:
    wide, high = _SHAPES[number % len(_SHAPES)]
    scale = 640 / max(wide, high)
    size = (round(wide * scale), round(high * scale))
    picture = Image.new("RGB", size, f"hsl({number * 30}, 45%, 55%)")
    draw = ImageDraw.Draw(picture)
    for ring in range(8):
        inset = ring * min(size) // 18
        box = (inset, inset, size[0] - inset, size[1] - inset)
        draw.ellipse(box, outline=f"hsl({number * 30 + 40 + ring * 9}, 60%, {30 + ring * 7}%)", width=6)
    grid = picture.copy()
    grid.thumbnail((480, 480))
    small = grid.convert("RGBA")
    small.thumbnail((32, 32))
    pictures = {"original.jpg": (picture, "JPEG"), "grid.webp": (grid, "WEBP"), "view.webp": (picture, "WEBP")}
    files = {name: _encoded(source, kind) for name, (source, kind) in pictures.items()}
    record = Record(
        id="", name="", format=Format.JPEG, bytes=len(files["original.jpg"]), width=size[0], height=size[1], sha256="",
        received_at="", state=State.READY, attempts=1, worker="bench", recipe=1,
        placeholder=thumbhash(small.width, small.height, small.tobytes()),
        color=f"#{grid.resize((1, 1)).tobytes().hex()}",
        renditions={
            "grid": StoredRendition.of(files["grid.webp"], *grid.size),
            "view": StoredRendition.of(files["view.webp"], *size),
        },
    )  # fmt: skip
    return _Model(record, files, folder)


def _encoded(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, quality=80)
    return out.getvalue()


def main() -> None:
    """Read the command line, make the volume, say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.make_volume", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--burst", type=int, default=10, help="images in one minute")
    parser.add_argument("--claims", action="store_true", help="let uploads find these images as duplicates")
    options = parser.parse_args()
    began = time.monotonic()
    make(options.folder, options.images, options.days, options.burst, options.claims)
    print(f"{options.images} images in {options.folder}: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
