"""JPEG: what decodes to pixels, its profile, and the gain map behind it (ITU-T T.81 annex B; Ultra HDR 1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip import iso21496, mpf, xmp
from pipeline.images.strip.exif import PictureFacts, picture_facts, reduced_exif
from pipeline.images.strip.icc import PREFIX as ICC_PREFIX
from pipeline.images.strip.icc import Profile
from pipeline.images.strip.jpeg_segments import FRAMES, NEEDED, check_scan, check_segment
from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

LABEL = "JPEG"
_SEGMENTS = 10_000
_PICTURES = 8
_FIRST_CHUNK, _CHUNK = 1024, 1024 * 1024
_SPARE_BYTES = 16 * 1024 * 1024
_PADDING = 64 * 1024

_START, _END, _SCAN, _BARE, _COMMENT = b"\xff\xd8", 0xD9, 0xDA, 0x01, 0xFE
_APPLICATIONS = range(0xE0, 0xF0)
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_EXIF = b"Exif\x00\x00"
# A marker; stuffed bytes, fill bytes and restarts belong to the scan they are in.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


@dataclass(slots=True)
class _Picture:
    """One picture of the file: what is kept of it. It ends at the offset `end`."""

    body: Pieces = field(default_factory=lambda: Pieces(LABEL))
    profile: Profile = field(default_factory=Profile)
    gain: xmp.GainMapFacts = field(default_factory=xmp.GainMapFacts)
    facts: PictureFacts | None = None
    others: list[int] = field(default_factory=list)
    has_apple_gain_map: bool = False
    jfif: bytes = b""
    adobe: bytes = b""
    iso: bytes = b""
    end: int = 0

    @property
    def is_gain_map(self) -> bool:
        return self.gain.gain_map or len(self.iso) > 4


def strip(source: Source) -> Pieces:
    """The picture, and behind it the gain maps that belong to it; nothing else of what may follow it."""
    walk = _Walk(source)
    picture = walk.picture(0)
    gain_maps = [other for other in _others(walk, picture) if other.is_gain_map]
    picture.has_apple_gain_map = any(gain_map.gain.apple for gain_map in gain_maps)
    if not gain_maps:
        picture.iso = b""
        return _written(source, picture, b"", [])
    behind = [_written(source, gain_map, xmp.gain_map_packet(gain_map.gain), []) for gain_map in gain_maps]
    packet = xmp.primary_packet(behind[0].length) if picture.gain.ultra_hdr else b""
    pieces = _written(source, picture, packet, [gain_map.length for gain_map in behind])
    for gain_map in behind:
        pieces.extend(gain_map)
    return pieces


def _others(walk: _Walk, picture: _Picture) -> list[_Picture]:
    """The pictures behind the first: where its index says, or one right after the other."""
    found: list[_Picture] = []
    last, starts = picture.end, {*picture.others, picture.end}
    while starts and len(found) < _PICTURES:
        start = min(starts)
        starts.discard(start)
        if start < last:
            continue
        try:
            found.append(walk.picture(start))
        except Truncated:
            continue
        last = found[-1].end
        starts.add(last)
    return found


def _written(source: Source, picture: _Picture, packet: bytes, sizes_behind: list[int]) -> Pieces:
    """A picture with as little around it as it needs; `sizes_behind` are those of the pictures its index names."""
    head = _START + _segment(_APP0, picture.jfif)
    if exif := reduced_exif(picture.facts or PictureFacts(), gain_map=picture.has_apple_gain_map):
        head += _segment(_APP1, _EXIF + exif)
    if packet:
        head += _segment(_APP1, xmp.PREFIX + packet)
    rest = Pieces(LABEL)
    if picture.iso:
        rest.add(_segment(_APP2, iso21496.PREFIX + picture.iso))
    rest.add(_segment(_APP14, picture.adobe))
    picture.profile.write(source, rest)
    rest.extend(picture.body)
    rest.add(b"\xff\xd9")
    pieces = Pieces(LABEL)
    pieces.add(head)
    if sizes_behind:
        size = len(head) + mpf.segment_bytes(1 + len(sizes_behind)) + rest.length
        pieces.add(mpf.segment(len(head), [size, *sizes_behind]))
    pieces.extend(rest)
    return pieces


def _segment(code: int, data: bytes) -> bytes:
    return b"\xff" + bytes((code,)) + (2 + len(data)).to_bytes(2) + data if data else b""


class _Walk:
    """Walks the segments of the pictures in a file. All its walks together read little more than the file has."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._segments = _SEGMENTS
        self._bytes = 2 * source.size + _SPARE_BYTES

    def picture(self, start: int) -> _Picture:
        """The picture that begins at `start`; raise `Truncated` if none does, or if it has no end."""
        if self._source.read(start, 2) != _START:
            raise Truncated
        picture, at, frames, scans = _Picture(), start + 2, 0, 0
        while True:
            at = self._marker(at)
            code = self._source.read(at + 1, 1)[0]
            if code == _END and scans:
                picture.end = at + 2
                return picture
            if code == _BARE:
                at += 2
                continue
            end = at + 2 + int.from_bytes(self._source.read(at + 2, 2))
            data = self._source.read(at + 4, end - at - 4) if end >= at + 4 else b""
            if end < at + 4:
                raise Truncated
            if code == _SCAN and frames:
                check_scan(data)
                end, scans = self._next_marker(end), scans + 1
                picture.body.add(range(at, end))
            elif code in NEEDED:
                check_segment(code, data)
                frames += code in FRAMES
                picture.body.add(range(at, end))
            elif code in _APPLICATIONS:
                _read_application(picture, code, data, at + 4)
            elif code != _COMMENT:
                raise Truncated
            if frames > 1:
                raise Truncated
            at = end

    def _marker(self, at: int) -> int:
        """Where the marker is that begins at `at`; only padding may come before it."""
        found = self._next_marker(at)
        if found > at and self._source.read(at, min(found - at, _PADDING)).strip(b"\x00\xff"):
            raise Truncated
        return found

    def _next_marker(self, at: int) -> int:
        """Where the next marker is, from the offset `at` on."""
        self._segments -= 1
        size = _FIRST_CHUNK
        while self._segments > 0 and self._bytes > 0:
            data = self._source.read_some(at, size)
            self._bytes -= len(data)
            if found := _MARKER.search(data):
                return at + found.start()
            if len(data) < 2:
                break
            at, size = at + len(data) - 1, min(2 * size, _CHUNK)
        raise Truncated


def _read_application(picture: _Picture, code: int, data: bytes, start: int) -> None:
    """What an application's segment says of the picture itself; the rest is left out. It begins at `start`."""
    if code == _APP0 and data.startswith(b"JFIF\x00") and len(data) >= 14:
        picture.jfif = data[:12] + bytes(2)  # without its thumbnail
    elif code == _APP1 and data.startswith(_EXIF) and picture.facts is None:
        picture.facts = picture_facts(data)
    elif code == _APP1 and data.startswith(xmp.PREFIX):
        picture.gain = xmp.gain_map_facts(data.removeprefix(xmp.PREFIX)) or picture.gain
    elif code == _APP2 and data.startswith(ICC_PREFIX) and len(data) > 14:
        picture.profile.add(data[12], data[13], range(start + 14, start + len(data)))
    elif code == _APP2 and data.startswith(iso21496.PREFIX):
        picture.iso = iso21496.gain_map_metadata(data.removeprefix(iso21496.PREFIX))
    elif code == _APP2 and data.startswith(mpf.PREFIX):
        picture.others = mpf.offsets(data.removeprefix(mpf.PREFIX), start + len(mpf.PREFIX))
    elif code == _APP14 and data.startswith(b"Adobe") and len(data) >= 12:
        picture.adobe = data[:12]
