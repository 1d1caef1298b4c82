"""Converts records to rows of the index and back."""

from __future__ import annotations

import unicodedata
import zlib
from dataclasses import dataclass
from datetime import date

import msgspec

from pipeline.images.formats import Format
from pipeline.records import Record, State
from web.index.query import seconds_taken

STATES = {State.READY: 0, State.PENDING: 1, State.FAILED: 2}
FORMATS = {format_: number for number, format_ in enumerate(Format, 1)}
UNKNOWN_STATE, UNKNOWN_FORMAT = 3, 0
DAY_SECONDS = 24 * 60 * 60
_EPOCH = date(1970, 1, 1).toordinal()

# Texts that records have in common. Those near the end are the cheapest to refer to.
_COMMON = (
    b'"worker":null,"reason":null,"placeholder":null,"animated":false,"frames":1,"duration_ms":0,"notes":[],'
    b'"uploaded_sha256":null,"kind":"graphic","taken_at":null,"camera":null,"lens":null,"exposure":null,'
    b'"format":"heic","state":"pending","state":"failed","queued_at":null,"started_at":null,"finished_at":null,'
    b'"taken_at":"2019-07-14T18:03:22+02:00","camera":"Canon EOS","camera":"NIKON D","camera":"Apple iPhone ",'
    b'"lens":"iPhone back dual wide camera 4.2mm f/1.6","exposure":"1/250 s, f/2.8, ISO 100, 50 mm",'
    b'{"id":"019","name":"IMG_.jpg","format":"jpeg","bytes":,"width":4032,"height":3024,"sha256":"",'
    b'"received_at":"2026-11-27T","state":"ready","reason":null,"attempts":1,"queued_at":"2026-11-27T","started_at":'
    b'"2026-11-27T","finished_at":"2026-11-27T","worker":"worker-","animated":false,"frames":1,"duration_ms":0,'
    b'"placeholder":"","color":"#","recipe":6,"kind":"photograph","notes":[],"renditions":{"grid":{"width":480,'
    b'"height":360,"bytes":,"sha256":"","format":"webp"},"view":{"width":1600,"height":1200,"bytes":,"sha256":"",'
    b'"format":"avif"}},"version":1}'
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row without its number: the columns for sorting and filtering, and the record."""

    id: bytes
    taken: int
    state: int
    format: int
    name: str
    camera: str
    record: bytes

    @property
    def days(self) -> tuple[int, int]:
        """The days when it was added and taken, since 1970."""
        return received_day(self.id), self.taken // DAY_SECONDS


class _Columns(msgspec.Struct, frozen=True, gc=False):
    """The fields of a record that a row needs."""

    id: str
    name: str
    state: State
    format: Format
    taken_at: str | None = None
    camera: str | None = None


_columns = msgspec.json.Decoder(_Columns)


class Codec:
    """Records to rows and back.

    Records are compressed with a dictionary that begins with the volume's id: a row of another volume's index does not
    decompress, so it can never be shown.
    """

    def __init__(self, volume_id: str) -> None:
        self._dictionary = volume_id.encode() + _COMMON

    def row(self, record: Record) -> Row:
        """The row of a record."""
        return self.row_of(record.to_json())

    def row_of(self, data: bytes) -> Row:
        """The row of a record from its JSON; raises `ValueError` if that has not even the columns."""
        try:
            columns = _columns.decode(data)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        packer = zlib.compressobj(6, zlib.DEFLATED, -12, 6, zdict=self._dictionary)
        packed = self._sum(data) + packer.compress(data) + packer.flush()
        return Row(
            packed_id(columns.id),
            seconds_taken(columns),
            STATES.get(columns.state, UNKNOWN_STATE),
            FORMATS.get(columns.format, UNKNOWN_FORMAT),
            fold(columns.name),
            fold(columns.camera or ""),
            packed,
        )

    def record(self, packed: bytes) -> Record:
        """The record of a row; raises `ValueError` if it is damaged, or of another volume."""
        try:
            data = zlib.decompressobj(-12, zdict=self._dictionary).decompress(packed[4:])
        except zlib.error as error:
            raise ValueError("it does not decompress") from error
        if self._sum(data) != packed[:4]:
            raise ValueError("it is of another volume, or damaged")
        return Record.from_json(data)

    def _sum(self, data: bytes) -> bytes:
        return zlib.adler32(data, zlib.adler32(self._dictionary)).to_bytes(4)


def fold(text: str) -> str:
    """Fold text for comparison: no case, no accents, normalised characters."""
    if text.isascii():
        return text.lower()  # the same, in a tenth of the time
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", "".join(one for one in apart if not unicodedata.combining(one)).casefold())


def packed_id(image_id: str) -> bytes:
    """An id as 16 bytes, which sort like the text."""
    return bytes.fromhex(image_id.replace("-", ""))


def unpacked_id(packed: bytes) -> str:
    """An id from its 16 bytes."""
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def received_day(packed: bytes) -> int:
    """The day when an image was added, since 1970."""
    return int.from_bytes(packed[:6]) // (DAY_SECONDS * 1000)


def day_name(day: int) -> str:
    """The name of a day since 1970."""
    return date.fromordinal(_EPOCH + day).isoformat()


def day_number(day: date) -> int:
    """Undo `day_name`."""
    return day.toordinal() - _EPOCH


def least_id(day: int) -> bytes:
    """A lower bound of the ids of a day, above all earlier ids."""
    return (max(0, day) * DAY_SECONDS * 1000).to_bytes(6) + bytes(10)
