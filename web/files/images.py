"""The files of an image. Originals and renditions never change, so they are cached forever."""

from __future__ import annotations

import os
import unicodedata
from io import SEEK_END
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from pipeline.errors import ImageNotFound, volume_error
from pipeline.images.formats import Format
from pipeline.images.recipe import RECIPE
from pipeline.images.strip import VERSION
from pipeline.images.view_format import GRID_FORMAT, VIEW_FORMATS
from pipeline.records import Record, State
from pipeline.volume.files import is_gone, open_file, refresh
from pipeline.volume.layout import rendition_name
from web.access.originals import require_originals
from web.api.serialize import rendition_url, version_of
from web.files.stripped import CHUNK_BYTES, stripped_files
from web.services import services

blueprint = Blueprint("files", __name__, url_prefix="/images")
_FILES = {rendition_name(name, format_): (name, format_) for name, format_ in
          (("grid", GRID_FORMAT), *(("view", format_) for format_ in VIEW_FORMATS))}  # fmt: skip
_YEAR = 365 * 24 * 3600
_SANDBOX = "default-src 'none'; sandbox"
blueprint.add_app_template_filter(rendition_url)


@blueprint.get(f"/<image_id>/<any({', '.join(_FILES)}):file>")
def rendition(image_id: str, file: str) -> ResponseReturnValue:
    """A rendition, once it is made; of a view that is a file of another format, the way to it."""
    record, (name, format_) = services().store.get(image_id), _FILES[file]
    if _is_elsewhere(record, name, format_):
        return _led_to(record, name)
    path = services().store.layout.rendition(image_id, name, format_)
    info = record.renditions.get(name)
    if info is None or _size(path) != info.bytes:
        _look_afresh(path.parent)
    if info is not None:
        version = version_of(record.recipe, info.bytes)
    else:
        # An event may arrive before the file that another machine wrote. The requested version proves that it exists.
        version = version_of(RECIPE, _size(path))
        if record.state is not State.PENDING or request.args.get("v") != version:
            raise ImageNotFound(image_id)
    try:
        return _file(path, format_.content_type, f"{record.sha256[:32]}-{name}-{version}")
    except ImageNotFound:
        # It may have been rendered again, in another format, since its record was read.
        record = services().store.get(image_id)
        if _is_elsewhere(record, name, format_):
            return _led_to(record, name)
        raise


def _is_elsewhere(record: Record, name: str, format_: Format) -> bool:
    """Whether this rendition is a file of another format."""
    info = record.renditions.get(name)
    return info is not None and info.format is not format_


def _led_to(record: Record, name: str) -> ResponseReturnValue:
    answer = redirect(rendition_url(record, name))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def send_rendition(folder: Path, record: Record, name: str) -> Response:
    """Send a rendition that the record names, from the image's folder."""
    info = record.renditions[name]
    path = folder / rendition_name(name, info.format)
    return _file(path, info.format.content_type, f"{record.sha256[:32]}-{name}-{version_of(record.recipe, info.bytes)}")


@blueprint.get("/<image_id>/original")
def original(image_id: str) -> Response:
    """The bytes as they were uploaded, for the roles that `GALLERY_ORIGINALS` allows."""
    record = services().store.get(image_id)
    require_originals(image_id)
    answer = _file(services().store.original(record), record.format.content_type, record.sha256)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = _SANDBOX
    return answer


@blueprint.get("/<image_id>/download")
def download(image_id: str) -> Response:
    """The original picture for everyone who may look, without where, when and by whom it was taken.

    Its length is known before it is sent, so that ranges can be asked for. Caches must ask again each time: a later
    release may know more to leave out.
    """
    record = services().store.get(image_id)
    etag = f"{record.sha256[:32]}-stripped-{VERSION}"
    if request.if_none_match.contains(etag):
        answer = Response(status=304)
    else:
        file = stripped_files().open(record)
        answer = Response(FileWrapper(file, CHUNK_BYTES), mimetype=record.format.content_type, direct_passthrough=True)
        answer.content_length = file.seek(0, SEEK_END)
        file.seek(0)
    answer.set_etag(etag)
    answer.cache_control.no_cache = True
    answer.headers.set("Content-Disposition", "attachment", **_file_names(record.name))
    answer.headers["Content-Security-Policy"] = _SANDBOX
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.make_conditional(request, accept_ranges=True, complete_length=answer.content_length)
    return answer


def _file_names(name: str) -> dict[str, str]:
    """A name for a header: in UTF-8, and in ASCII as far as possible for old programs (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def _look_afresh(folder: Path) -> None:
    """Refresh the folder's cached listing (NFS), to see what another machine has just written."""
    try:
        refresh(folder)
    except OSError as error:
        raise volume_error(error) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        if is_gone(error):
            return 0
        raise volume_error(error) from error


def _file(path: Path, content_type: str, etag: str) -> Response:
    try:
        if not path.exists():
            refresh(path.parent)
        file = open_file(path)
    except OSError as error:
        if is_gone(error):
            raise ImageNotFound(path.parent.name) from None
        raise volume_error(error) from error
    status = os.fstat(file.fileno())
    answer = send_file(file, mimetype=content_type, etag=etag, max_age=_YEAR, last_modified=status.st_mtime)
    answer.content_length = status.st_size
    try:
        answer.make_conditional(request, accept_ranges=True, complete_length=status.st_size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    answer.cache_control.immutable = True
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
