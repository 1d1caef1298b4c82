"""Where a second decoder shows another picture than ours, and why ours is right: one table."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.images.containers.gif import frames
from pipeline.images.formats import Format
from pipeline.images.header import Header
from tests.differential.compare import COLOUR, END, ORIENTATION, SIZE, TRANSPARENCY

_HIGH_RANGE = {16, 18}


@dataclass(frozen=True, slots=True)
class Subject:
    """A file, what it was before its accidents, its header, what our renderer noted or the code of its `refusal`, and
    whether the second decoder `finds_damage`."""

    data: bytes
    whole: bytes
    header: Header
    notes: tuple[str, ...]
    refusal: str
    finds_damage: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason for which the pictures may differ in `kinds`, if it `holds` for the file."""

    kinds: frozenset[str]
    holds: Callable[[Subject], bool]
    reason: str


def reason_for(kind: str, subject: Subject) -> str | None:
    """The reason for a difference of that kind, if there is one."""
    return next((one.reason for one in EXPLANATIONS if kind in one.kinds and one.holds(subject)), None)


def _png_colours(subject: Subject) -> bool:
    header = subject.header
    return header.format is Format.PNG and (header.measured is not None or header.color is not None)


def _high_range(subject: Subject) -> bool:
    color = subject.header.color
    return (color is not None and color[1] in _HIGH_RANGE) or b"cicp" in subject.data


def _cmyk(subject: Subject) -> bool:
    return subject.header.format is Format.JPEG and subject.header.samples >= 4


def _other_frame(subject: Subject) -> bool:
    return subject.header.animated


def _uncovered(subject: Subject) -> bool:
    """Whether the first frame of a GIF leaves some of the screen free."""
    if subject.header.format is not Format.GIF:
        return False
    first = next(frames(io.BytesIO(subject.data)))
    size = (subject.header.width, subject.header.height)
    return first.x > 0 or first.y > 0 or first.width < size[0] or first.height < size[1]


def _premultiplied(subject: Subject) -> bool:
    return subject.header.format in (Format.HEIC, Format.AVIF) and b"prem" in subject.data


def _aperture(subject: Subject) -> bool:
    return subject.header.format is Format.AVIF and b"clap" in subject.data


def _code_points(subject: Subject) -> bool:
    return subject.header.format in (Format.HEIC, Format.AVIF) and subject.header.color not in (None, (1, 13))


def _colours_in_av1(subject: Subject) -> bool:
    return subject.header.format is Format.AVIF and subject.header.color is None and b"colr" not in subject.data


def _short_palette(subject: Subject) -> bool:
    at = subject.data.find(b"PLTE")
    length = int.from_bytes(subject.data[at - 4 : at])
    return subject.header.format is Format.PNG and at > 0 and length < 3 << subject.header.bits


def _damaged_hevc(subject: Subject) -> bool:
    """Whether the accidents reached the coded pixels of a HEIC."""
    coded = subject.whole[subject.whole.find(b"mdat") :]
    return subject.header.format is Format.HEIC and coded not in subject.data


def _mask_described_otherwise(subject: Subject) -> bool:
    """Whether the accidents changed which properties belong to which picture of a HEIC, of which one is a mask."""
    described = [data[data.find(b"ipma") : data.find(b"iloc")] for data in (subject.whole, subject.data)]
    return subject.header.format is Format.HEIC and b"auxl" in subject.data and described[0] != described[1]


def _padded_exif(subject: Subject) -> bool:
    return subject.header.format is Format.JPEG and b"Exif\0\xff" in subject.data


def _other_exif(subject: Subject) -> bool:
    """Whether EXIF has two bytes of its own behind its name in a JPEG; or a name, or its place behind the pixels, in a
    PNG."""
    data = subject.data
    if subject.header.format is Format.JPEG:
        return b"Exif\xff\xff" in data
    return subject.header.format is Format.PNG and (b"eXIfExif" in data or data.find(b"eXIf") > data.find(b"IDAT") > 0)


def _large_exif(subject: Subject) -> bool:
    at = subject.data.find(b"eXIf")
    return subject.header.format is Format.PNG and at > 0 and int.from_bytes(subject.data[at - 4 : at]) > 65536


def _unsound_exif(subject: Subject) -> bool:
    at = subject.data.find(b"eXIf")
    end = at + 4 + int.from_bytes(subject.data[at - 4 : at])
    checksum = zlib.crc32(subject.data[at:end]).to_bytes(4)
    return subject.header.format is Format.PNG and at > 0 and subject.data[end : end + 4] != checksum


def _detail_missing(subject: Subject) -> bool:
    return any("detail is missing" in note for note in subject.notes)


def _damaged_tiles(subject: Subject) -> bool:
    """Whether the accidents are in the coded pixels of an AVIF of tiles."""
    coded = subject.whole[subject.whole.find(b"mdat") :]
    return subject.header.format is Format.AVIF and b"grid" in subject.data and coded not in subject.data


def _avif_sequence(subject: Subject) -> bool:
    return subject.data[8:12] == b"avis"


EXPLANATIONS = [
    Explanation(frozenset({END}), _avif_sequence, "libvips knows no AVIF by the brand of a sequence"),
    Explanation(
        frozenset({END}),
        lambda subject: subject.refusal == "cut-off",
        "we show nothing of a file that is cut off if less than a tenth of its rows is there",
    ),
    Explanation(
        frozenset({ORIENTATION}),
        _unsound_exif,
        "libvips turns by an eXIf chunk with a wrong checksum; Chromium skips it",
    ),
    Explanation(
        frozenset({COLOUR, TRANSPARENCY}),
        _detail_missing,
        "what is not there of an interlaced or progressive picture is filled in by each in its own way",
    ),
    Explanation(
        frozenset({COLOUR, TRANSPARENCY}),
        _damaged_hevc,
        "HEVC has no checksums: each release of libde265 conceals damaged pixels in its own way",
    ),
    Explanation(
        frozenset({COLOUR}),
        _damaged_tiles,
        "libvips fills all of a tile with green if it lacks a part or has an error; we show the rows that are there",
    ),
    Explanation(
        frozenset({COLOUR}),
        _colours_in_av1,
        "libvips leaves the colours aside that only the coded AV1 picture tells; Chromium honours them",
    ),
    Explanation(
        frozenset({COLOUR}),
        _short_palette,
        "pixels beyond the palette of a PNG are black in libvips; in Chromium they look like its last colour",
    ),
    Explanation(
        frozenset({ORIENTATION}),
        _padded_exif,
        "libvips reads no EXIF behind Exif, 0, 0xFF; Chromium does",
    ),
    Explanation(
        frozenset({ORIENTATION}),
        _other_exif,
        "orientation is always applied: also from EXIF that neither libvips nor Chromium looks at",
    ),
    Explanation(
        frozenset({ORIENTATION}),
        _large_exif,
        "libvips reads no directory beyond 64 KB of an eXIf chunk; Chromium does",
    ),
    Explanation(
        frozenset({COLOUR}),
        _png_colours,
        "libvips leaves cICP, gAMA and cHRM aside; Chromium honours them",
    ),
    Explanation(
        frozenset({COLOUR}),
        _high_range,
        "neither libvips nor heif-dec tone-maps; ours is compared with the published curve in tests/test_hdr.py",
    ),
    Explanation(
        frozenset({COLOUR}),
        _code_points,
        "libvips and heif-dec leave code points aside; Chromium honours them",
    ),
    Explanation(
        frozenset({COLOUR}),
        _cmyk,
        "without a profile libvips takes inks for those of a press; Chromium multiplies, as we do",
    ),
    Explanation(
        frozenset({SIZE}),
        _aperture,
        "libvips crops by every clean aperture of an AVIF; Chromium by those at the top left alone",
    ),
    Explanation(
        frozenset({TRANSPARENCY, COLOUR}),
        _uncovered,
        "libvips fills with the background what no frame of a GIF covers; in Chromium it is transparent",
    ),
    Explanation(
        frozenset({TRANSPARENCY, COLOUR}),
        _other_frame,
        "of an animation libvips shows the first frame, or an APNG's default image; we the first with anything on it",
    ),
    Explanation(
        frozenset({COLOUR, TRANSPARENCY}),
        _mask_described_otherwise,
        "where a mask is turned otherwise than its picture, libheif 1.15 drops it, and later ones fit it in",
    ),
    Explanation(
        frozenset({COLOUR}),
        _premultiplied,
        "libvips and heif-dec show colours still multiplied by alpha; ours is compared with the colours before",
    ),
    # asked last, since it takes another decoding
    Explanation(
        frozenset({TRANSPARENCY, COLOUR}),
        lambda subject: subject.finds_damage(),
        "libvips calls the file damaged too: where a checksum is wrong it stops, and we take what can be inflated",
    ),
]
