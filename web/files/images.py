"""The files of an image: they never change, so they are cached for good."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request, send_file

from pipeline.errors import ImageNotFound
from pipeline.images.recipe import RECIPE
from pipeline.records import State
from web.api.serialize import rendition_url, version_of
from web.services import services

blueprint = Blueprint("files", __name__, url_prefix="/images")
_YEAR = 365 * 24 * 3600
blueprint.add_app_template_filter(rendition_url)


@blueprint.get("/<image_id>/<any(grid, view):name>.webp")
def rendition(image_id: str, name: str) -> Response:
    """A rendition, once it is made."""
    record, path = services().store.get(image_id), services().store.layout.rendition(image_id, name)
    if info := record.renditions.get(name):
        version = version_of(record.recipe, info.bytes)
    else:
        # told of by an event, which may be here before what another machine wrote: the version asked for is the proof
        version = version_of(RECIPE, _size(path))
        if record.state is not State.PENDING or request.args.get("v") != version:
            raise ImageNotFound(image_id)
    return _file(path, "image/webp", f"{record.sha256[:32]}-{name}-{version}")


@blueprint.get("/<image_id>/original")
def original(image_id: str) -> Response:
    """The bytes as they were uploaded."""
    record = services().store.get(image_id)
    answer = _file(services().store.original(record), record.format.content_type, record.sha256)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _file(path: Path, content_type: str, etag: str) -> Response:
    try:
        answer = send_file(path, mimetype=content_type, etag=etag, conditional=True, max_age=_YEAR)
    except FileNotFoundError:
        raise ImageNotFound(path.parent.name) from None
    answer.cache_control.immutable = True
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
