"""What of an EXIF block belongs to the picture itself, and a block that holds nothing else (CIPA DC-008)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from pipeline.images.containers.reading import orientation_of
from pipeline.images.tiff import ASCII, LONG, SHORT, SIGNED_RATIONAL, UNDEFINED, Tiff, tiff_of

_ORIENTATION, _EXIF_IFD, _MAKER_NOTE, _COLOR_SPACE, _INTEROP_IFD, _INTEROP_INDEX = (
    0x0112, 0x8769, 0x927C, 0xA001, 0xA005, 0x0001,
)  # fmt: skip
_APPLE = b"Apple iOS\x00\x00\x01MM"
# How bright a display may make the gain map's lights: HDRHeadroom and HDRGain.
_HEADROOM = (0x0021, 0x0030)
_MOST_HEADROOM = 1000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What an EXIF block says of the picture, not of who took it where and when.

    `orientation` is 1 to 8; `adobe_rgb` says that pixels without a profile are in Adobe RGB; `headroom` are the two
    numbers that Apple's gain maps are applied with, in millionths.
    """

    orientation: int = 1
    adobe_rgb: bool = False
    headroom: tuple[int, ...] = ()


def picture_facts(exif: bytes) -> PictureFacts:
    """Read an EXIF block, with or without its `Exif` prefix; what is damaged counts as not there."""
    if (tiff := tiff_of(exif)) is None:
        return PictureFacts()
    camera = tiff.entries(tiff.number(tiff.main().get(_EXIF_IFD)))
    interop = tiff.entries(tiff.number(camera.get(_INTEROP_IFD)))
    return PictureFacts(
        orientation=orientation_of(tiff.data),
        adobe_rgb=tiff.value(interop.get(_INTEROP_INDEX))[:3] == b"R03",
        headroom=_apple_headroom(tiff.value(camera.get(_MAKER_NOTE))),
    )


def _apple_headroom(note: bytes) -> tuple[int, ...]:
    """The two numbers in Apple's maker note, whose offsets count from its start."""
    if not note.startswith(_APPLE):
        return ()
    tiff = Tiff(note, ">")
    entries = tiff.entries(len(_APPLE))
    found = [entries.get(tag) for tag in _HEADROOM]
    if any(entry is None or entry[:2] != (SIGNED_RATIONAL, 1) for entry in found):
        return ()
    values = []
    for entry in found:
        data = tiff.value(entry)
        above, below = struct.unpack(">ii", data) if data else (0, 0)
        if not below or abs(above / below) > _MOST_HEADROOM:
            return ()
        values.append(round(above / below * _MILLION))
    return tuple(values)


def reduced_exif(facts: PictureFacts, *, gain_map: bool = False) -> bytes:
    """A TIFF block, without the `Exif` prefix, that says `facts`; empty if there is nothing to say.

    `gain_map` says whether one of Apple's is there, without which nobody needs the headroom.
    """
    if not gain_map:
        facts = replace(facts, headroom=())
    if facts == PictureFacts():
        return b""
    camera: list[tuple[int, int, int, bytes]] = []
    if facts.headroom:
        note = _apple_note(facts.headroom)
        camera.append((_MAKER_NOTE, UNDEFINED, len(note), note))
    main = [(_ORIENTATION, SHORT, 1, struct.pack(">H", facts.orientation))] if facts.orientation > 1 else []
    data = bytearray(b"MM\x00*" + struct.pack(">I", 8))
    if facts.adobe_rgb:
        camera.append((_COLOR_SPACE, SHORT, 1, b"\xff\xff"))
    if not camera:
        return bytes(data + _directory(8, main))
    at = 8 + 2 + 12 * (len(main) + 1) + 4
    data += _directory(8, [*main, (_EXIF_IFD, LONG, 1, struct.pack(">I", at))])
    if facts.adobe_rgb:
        after = at + len(_directory(at, [*camera, (_INTEROP_IFD, LONG, 1, bytes(4))]))
        camera.append((_INTEROP_IFD, LONG, 1, struct.pack(">I", after)))
    data += _directory(at, camera)
    if facts.adobe_rgb:
        data += _directory(len(data), [(_INTEROP_INDEX, ASCII, 4, b"R03\x00")])
    return bytes(data)


def _apple_note(headroom: tuple[int, ...]) -> bytes:
    values = [struct.pack(">ii", value, _MILLION) for value in headroom]
    entries = [(tag, SIGNED_RATIONAL, 1, value) for tag, value in zip(_HEADROOM, values, strict=True)]
    return _APPLE + _directory(len(_APPLE), entries)


def _directory(start: int, entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """A directory that begins at the offset `start`, and after it the values that don't fit into their entries."""
    table, values = struct.pack(">H", len(entries)), b""
    after = start + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        field = value if len(value) <= 4 else struct.pack(">I", after + len(values))
        table += struct.pack(">HHI", tag, kind, count) + field.ljust(4, b"\x00")
        if len(value) > 4:
            values += value + bytes(len(value) % 2)
    return table + bytes(4) + values
