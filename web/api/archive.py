"""Pictures as one zip file, streamed without a copy on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from io import SEEK_END
from pathlib import Path, PurePath
from threading import BoundedSemaphore
from typing import cast
from zipfile import ZIP_STORED

from flask import Blueprint, Response, current_app
from flask.blueprints import BlueprintSetupState
from zipstream import ZipStream

from pipeline.errors import GalleryError, ImageNotFound, TooMuchToZip, volume_error
from pipeline.records import Record
from pipeline.volume.files import is_gone, open_file
from web.access.originals import may_fetch_originals
from web.api.bulk import asked_ids
from web.callers import Shares, TooManyAtOnce, caller
from web.files.stripped import CHUNK_BYTES, StrippedFiles, stripped_files
from web.services import services
from web.turns import turn

blueprint = Blueprint("archive", __name__, url_prefix="/api")
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_MOST_NAME_BYTES = 200
_EACH, _ALL = 8, 64
_MADE_AT_ONCE = 2
_LEFT_OUT = "left-out.txt"


@blueprint.record
def prepare(state: BlueprintSetupState) -> None:
    """Limit how many zips are sent at once, and how many are compressed at any moment."""
    state.app.extensions["zips"] = Shares(_EACH, _ALL)
    state.app.extensions["zips-made"] = BoundedSemaphore(_MADE_AT_ONCE)


@blueprint.post("/zip")
def download() -> Response:
    """The originals of the images in `ids` under their names, or the versions that the caller may have.

    A caller who may not fetch originals gets each as in `/images/<id>/download`. The total length is then unknown, and
    a file whose metadata cannot be removed is left out and named in `left-out.txt`.
    """
    # Limited because each holds its list of up to a thousand files in memory until the client has received it.
    zips, who = cast(Shares, current_app.extensions["zips"]), caller()
    if not zips.take(who):
        raise TooManyAtOnce
    try:
        with turn("zip"):
            response = _zip()
    except BaseException:
        zips.give_back(who)
        raise
    response.call_on_close(lambda: zips.give_back(who))
    return response


def _zip() -> Response:
    """The zip itself."""
    records = _records(asked_ids())
    limit = services().settings.max_zip_bytes
    total = sum(record.bytes for record in records)
    if total > limit:
        raise TooMuchToZip(total, limit)
    name = f"pictures-{datetime.now(UTC):%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if not may_fetch_originals():
        pieces = _stripped(records, stripped_files())
        return Response(_in_chunks(pieces), mimetype="application/zip", headers=headers)
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    taken: dict[str, int] = {}
    for record in records:
        path = services().store.original(record)
        archive.add(_bytes_of(path), _name(record, taken), size=_size_of(path, record))
    headers["Content-Length"] = str(len(archive))
    return Response(_in_chunks(iter(archive)), mimetype="application/zip", headers=headers)


def _size_of(path: Path, record: Record) -> int:
    try:
        with open_file(path) as file:
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        if is_gone(error):
            raise ImageNotFound(record.id) from None
        raise volume_error(error) from error


def _bytes_of(path: Path) -> Iterator[bytes]:
    with open_file(path) as file:
        yield from iter(partial(file.read, CHUNK_BYTES), b"")


def _in_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces into chunks of `CHUNK_BYTES` or a little more, and limit how many are made at once.

    Making and sending the header of every small file separately would keep the interpreter from other requests.
    """
    making = cast(BoundedSemaphore, current_app.extensions["zips-made"])
    return iter(partial(_chunk, pieces, making), b"")


def _chunk(pieces: Iterator[bytes], making: BoundedSemaphore) -> bytes:
    chunk = bytearray()
    with making:
        for piece in pieces:
            chunk += piece
            if len(chunk) >= CHUNK_BYTES:
                break
    return bytes(chunk)


def _stripped(records: list[Record], files: StrippedFiles) -> Iterator[bytes]:
    """The zip without metadata; each original is read when its turn comes."""
    archive = ZipStream(compress_type=ZIP_STORED)
    taken, left_out = {_LEFT_OUT: 1}, []
    for record in records:
        name = _name(record, taken)
        try:
            file = files.open(record)
        except GalleryError as error:
            left_out.append(f"{name}: {error}\n")
            continue
        with file:
            archive.add(iter(partial(file.read, CHUNK_BYTES), b""), name, size=file.seek(0, SEEK_END))
            file.seek(0)
            yield from archive.all_files()
    if left_out:
        archive.add("".join(left_out), _LEFT_OUT)
    yield from archive.finalize()


def _records(ids: list[str]) -> list[Record]:
    """The records of the images that still exist; raises `ImageNotFound` if none does."""
    found = []
    for image_id in ids:
        with suppress(ImageNotFound):
            found.append(services().store.get(image_id))
    if not found:
        raise ImageNotFound(ids[0])
    return found


def _name(record: Record, taken: dict[str, int]) -> str:
    """The image's name, valid on every file system and unique among those `taken`; adds it there.

    `taken` maps each name to the last number appended to it, so that a thousand equal names take a thousand steps.
    """
    name = _UNFIT.sub("_", record.name).strip(". ") or record.original
    if _DEVICE.match(name):
        name = f"_{name}"
    path = PurePath(name)
    suffix = path.suffix if 1 < len(path.suffix) <= 8 else f".{record.format.extension}"
    stem = name.removesuffix(path.suffix) if suffix == path.suffix else name
    stem = stem.encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
    name = f"{stem}{suffix}"
    first = name.casefold()
    number = taken.get(first, 1)
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){suffix}"
    taken[first] = number
    taken.setdefault(name.casefold(), 1)
    return name
