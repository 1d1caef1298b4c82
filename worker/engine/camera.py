"""What the camera knew: when, with what and how a picture was taken, from EXIF, or XMP if there is none. Not where."""

from __future__ import annotations

import math
import re
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from pipeline.errors import GalleryError
from pipeline.images.containers.reading import Truncated
from pipeline.images.formats import Format, Limits, check_bounds, read_header
from pipeline.images.tiff import ASCII, SHORT, Entry, Tiff, tiff_of
from worker.engine.metadata import blocks_of
from worker.engine.xmp import Properties, properties_of

NO_SENSE = "The date of this picture makes no sense and was ignored."

LONGEST = 100
"""Characters of a fact."""

_MAKE, _MODEL, _CAMERA = 0x010F, 0x0110, 0x8769
_TAKEN, _DIGITIZED, _TAKEN_ZONE, _DIGITIZED_ZONE = 0x9003, 0x9004, 0x9011, 0x9012
_LENS, _TIME, _APERTURE, _SPEED, _FOCAL = 0xA434, 0x829A, 0x829D, 0x8827, 0x920A
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d*)?)?)?", re.ASCII)
_ZONE = re.compile(r"Z|[+-](?:0\d|1[0-5]):[0-5]\d", re.ASCII)
_ZONED = re.compile(r"(.*?\d)\s*(Z|[+-]\d\d:\d\d)?", re.ASCII)
# XMP may give no more of a date: not enough to put a picture into a day.
_PARTIAL = re.compile(r"\d{4}(?:-\d\d)?", re.ASCII)
_COMPANY = re.compile(r"[ ,]+(?:corporation|corp|company|co|ltd|inc|imaging|electronics)\b\.?", re.IGNORECASE)
# Before there were photographs.
_FIRST_YEAR = 1826
# What clocks show that were never set.
_UNSET = ((1904, 1, 1), (1970, 1, 1))
# From here on a time is written as a decimal fraction.
_QUARTER = 0.25001


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """As people write them: `taken_at` by the camera's own clock (RFC 3339, with an offset if the file states one),
    camera, lens and exposure; None for what is not known. `notes` are remarks for the record."""

    taken_at: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure: str | None = None
    notes: tuple[str, ...] = ()


def read_facts(original: BinaryIO, limits: Limits) -> CameraFacts:
    """As `camera_facts`, of a file that nothing is known of; raises the named error of what is no picture, or too
    large."""
    header = read_header(original)
    check_bounds(header, limits)
    return camera_facts(original, header.format)


def camera_facts(file: BinaryIO, kind: Format) -> CameraFacts:
    """Read a file whose header is within bounds; damaged metadata counts as none. Raises `OSError` if the volume does
    not give the bytes."""
    try:
        exif, xmp = blocks_of(file, kind)
        tiff = tiff_of(exif)
        found = _from_exif(tiff) if tiff else CameraFacts()
        return _with_rest(found, _from_xmp(properties_of(xmp))) if xmp else found
    except (GalleryError, Truncated, zlib.error, ValueError, IndexError, KeyError, OverflowError, struct.error):
        return CameraFacts()


def _with_rest(exif: CameraFacts, xmp: CameraFacts) -> CameraFacts:
    """EXIF's facts, and XMP's where EXIF has none; a date of EXIF that makes no sense is not replaced."""
    if exif.taken_at or exif.notes:
        xmp = replace(xmp, taken_at=exif.taken_at, notes=exif.notes)
    camera, lens, exposure = exif.camera or xmp.camera, exif.lens or xmp.lens, exif.exposure or xmp.exposure
    return replace(xmp, camera=camera, lens=lens, exposure=exposure)


def _from_exif(tiff: Tiff) -> CameraFacts:
    main = tiff.main()
    camera = tiff.entries(tiff.number(main.get(_CAMERA)))

    def text(entry: Entry | None) -> str:
        return _text(tiff.value(entry)) if entry and entry[0] == ASCII else ""

    taken, zone = text(camera.get(_TAKEN)), text(camera.get(_TAKEN_ZONE))
    if not taken.strip(" :"):
        taken, zone = text(camera.get(_DIGITIZED)), text(camera.get(_DIGITIZED_ZONE))
    time, aperture, focal = (tiff.rational(camera.get(tag)) for tag in (_TIME, _APERTURE, _FOCAL))
    return _facts(
        (taken, zone),
        (text(main.get(_MAKE)), text(main.get(_MODEL))),
        text(camera.get(_LENS)),
        (time, aperture, tiff.number(_first(camera.get(_SPEED))), focal),
    )


def _first(entry: Entry | None) -> Entry | None:
    """The first of two SHORTs: some cameras state their speed twice."""
    return (SHORT, 1, entry[2]) if entry and entry[:2] == (SHORT, 2) else entry


def _from_xmp(found: Properties) -> CameraFacts:
    def number(name: str) -> float:
        above, _, below = found.get(name, "").partition("/")
        try:
            return float(above) / float(below or 1)
        except (ValueError, ZeroDivisionError):
            return 0.0

    names = ("ExposureTime", "FNumber", "ISOSpeedRatings", "FocalLength")
    time, aperture, speed, focal = (number(name) for name in names)
    taken = next((found[name] for name in ("DateTimeOriginal", "DateCreated", "CreateDate") if name in found), "")
    make, model, lens = (_text(found.get(name, "").encode()) for name in ("Make", "Model", "Lens"))
    clock = _ZONED.fullmatch(taken.strip())
    exposure = (time, aperture, int(speed) if math.isfinite(speed) else 0, focal)
    return _facts((clock[1], clock[2] or "") if clock else (taken, ""), (make, model), lens, exposure)


def _facts(
    clock: tuple[str, str], camera: tuple[str, str], lens: str, exposure: tuple[float, float, int, float]
) -> CameraFacts:
    """`clock` is date and time, and the offset from UTC; `exposure` is time, aperture, sensitivity and focal length."""
    taken = clock[0].strip(" :")
    taken_at = _taken_at(taken, clock[1])
    notes = () if taken_at or not taken or _PARTIAL.fullmatch(taken) else (NO_SENSE,)
    return CameraFacts(taken_at, _camera(*camera) or None, lens or None, _exposure(*exposure) or None, notes)


def _taken_at(text: str, zone: str) -> str | None:
    """The camera's clock; None if it was never set, or shows a time that has not come."""
    if (found := _DATE.fullmatch(text)) is None:
        return None
    try:
        taken = datetime(*(int(number or 0) for number in found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    # it is some hours later elsewhere
    future = taken > datetime.now(UTC) + timedelta(days=1)
    if future or taken.year < _FIRST_YEAR or (taken.year, taken.month, taken.day) in _UNSET:
        return None
    return taken.replace(tzinfo=None).isoformat() + {"Z": "+00:00"}.get(zone, zone * bool(_ZONE.fullmatch(zone)))


def _camera(make: str, model: str) -> str:
    """Maker and model, the maker once and without what kind of company it is."""
    make = _COMPANY.sub("", make).strip(" ,.")
    if not make or model.casefold().startswith(make.split()[0].casefold()):
        return model or make
    return f"{make} {model}".strip()[:LONGEST]


def _exposure(time: float, aperture: float, speed: int, focal: float) -> str:
    """Such as `1/250 s, f/2.8, ISO 400, 35 mm`; what is out of all bounds is left out."""
    found = []
    if 1e-6 < time < 100_000:
        found.append(f"1/{round(1 / time)} s" if time < _QUARTER else f"{time:.1f}".removesuffix(".0") + " s")
    if 0.1 < aperture < 1000:
        found.append(f"f/{aperture:.1f}".removesuffix(".0"))
    if 0 < speed < 10_000_000:
        found.append(f"ISO {speed}")
    if 0.1 < focal < 100_000:
        found.append(f"{focal:.1f}".removesuffix(".0") + " mm")
    return ", ".join(found)


def _text(data: bytes) -> str:
    """A line of printable characters; older programs write Latin-1."""
    data = data.partition(b"\0")[0]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST]
