"""A tree of a thousand small pictures, as somebody has it after ten years: of all formats, with dates in EXIF or in
XMP, with and without an offset from UTC, some without any date, and some with dates that make no sense."""

from __future__ import annotations

import json
import struct
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from tests.planted import EXIFTOOL
from tests.render_fixtures import encoded

PICTURES = 1000
KINDS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "heic": "HEIF", "avif": "AVIF"}
_DATE, _IN_XMP, _ZONE = b"2019:07:14 18:03:22", b"2019-07-14T18:03:22", b"+02:00"
_WRITTEN = {
    "zone": ["DateTimeOriginal=2019:07:14 18:03:22", "OffsetTimeOriginal=+02:00"],
    "no-zone": ["DateTimeOriginal=2019:07:14 18:03:22"],
    "xmp": ["XMP-exif:DateTimeOriginal=2019:07:14 18:03:22+02:00"],
    "no-date": ["Make=Apple"],
    "absurd": ["DateTimeOriginal=2019:07:14 18:03:22"],
}
_ABSURD = (b"0000:00:00 00:00:00", b"1904:01:01 00:00:00", b"2999:12:31 23:59:59", b"2019:02:30 10:00:00")
_ZONES = (b"+02:00", b"-08:00", b"+05:45", b"+14:00", b"-12:00", b"+00:00")


def tree(folder: Path, random: Random) -> None:
    """Write the pictures; the name of each says what is in it."""
    templates = _templates(folder)
    for number in range(PICTURES):
        extension, variant = list(templates)[number % len(templates)]
        moment = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(10 * 365 * 86400))
        date = random.choice(_ABSURD) if variant == "absurd" else f"{moment:%Y:%m:%d %H:%M:%S}".encode()
        data = templates[extension, variant].replace(_DATE, date)
        data = data.replace(_IN_XMP, f"{moment:%Y-%m-%dT%H:%M:%S}".encode()).replace(_ZONE, random.choice(_ZONES))
        data = _with_checksums(data) if extension == "png" else data
        (folder / f"{variant}-{number}.{extension}").write_bytes(data)


def write_pictures(folder: Path, variants: Mapping[str, Sequence[str]]) -> None:
    """Write a picture of each format for each variant, with the tags that exiftool is to put into it."""
    for variant, tags in variants.items():
        paths = [folder / f"{variant}.{extension}" for extension in KINDS]
        for path in paths:
            path.write_bytes(encoded(Image.new("RGB", (32, 24), (90, 120, 30)), KINDS[path.suffix[1:]]))
        options = [f"-{tag}" for tag in tags]
        subprocess.run([str(EXIFTOOL), "-q", "-overwrite_original", *options, *paths], check=True)


def tags_of(folder: Path, names: Sequence[str], *options: str) -> list[dict[str, Any]]:
    """What `exiftool` reads of these tags, for each picture."""
    command = [str(EXIFTOOL), "-j", *options, *(f"-{name}" for name in names), str(folder)]
    return list(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


def told(folder: Path) -> dict[str, str]:
    """The date of each picture by its name, as `exiftool` reads it, in the form of records; empty if it has none."""
    found = tags_of(folder, ("DateTimeOriginal", "OffsetTimeOriginal"), "-fast2")
    return {Path(one["SourceFile"]).name: clock(one, "DateTimeOriginal") for one in found}


def clock(found: Mapping[str, Any], *names: str) -> str:
    """The first of these dates, in the form of records; empty without one."""
    date = next((str(found[name]) for name in names if found.get(name)), "")
    return date[:10].replace(":", "-") + date[10:].replace(" ", "T") + str(found.get("OffsetTimeOriginal", ""))


def _templates(folder: Path) -> dict[tuple[str, str], bytes]:
    """A picture of each format with each kind of date, by extension and kind."""
    write_pictures(folder, _WRITTEN)
    found = {}
    for variant in _WRITTEN:
        for extension in KINDS:
            found[extension, variant] = (path := folder / f"{variant}.{extension}").read_bytes()
            path.unlink()
    return found


def _with_checksums(data: bytes) -> bytes:
    """A PNG with the checksums of its chunks made again."""
    out, at = [data[:8]], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        out.append(struct.pack(">I", length) + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + length
    return b"".join(out)
