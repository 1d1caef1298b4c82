"""Calls for many images: list their ids; delete, restore and retry them."""

from __future__ import annotations

import msgspec
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.ids import is_id
from web.api.answers import answer
from web.api.operations import IDS_LIMIT
from web.api.schemas import Deleted, Ids, Restored
from web.listing import listing
from web.parameters import asked_integer
from web.query_parameters import PARAMETERS, asked_query, require_known
from web.services import MOST_AT_ONCE, services
from web.turns import turn

blueprint = Blueprint("bulk", __name__, url_prefix="/api")
_MOST_BYTES = 256 * 1024


class _Asked(msgspec.Struct):
    """The body of a call that names images."""

    ids: list[str]


def asked_ids() -> list[str]:
    """The ids in a JSON body `{"ids": […]}` or in form fields `id`, each once; raises `BadRequest`."""
    request.max_content_length = _MOST_BYTES
    ids = _in_json() if request.is_json else request.form.getlist("id")
    if not ids or not all(is_id(one) for one in ids):
        raise BadRequest("Name the images: 'ids' in a JSON object, or form fields 'id'.")
    if len(ids) > MOST_AT_ONCE:
        raise BadRequest(f"Name at most {MOST_AT_ONCE} images at once.")
    return list(dict.fromkeys(ids))


def _in_json() -> list[str]:
    try:
        return msgspec.json.decode(request.get_data(), type=_Asked).ids
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


@blueprint.get("/ids")
def ids() -> ResponseReturnValue:
    """The ids of images, as `/api/images` finds them: what the calls for many take."""
    require_known(*PARAMETERS, "limit")
    query = asked_query()
    return answer(Ids(*listing().ids(query, asked_integer(IDS_LIMIT))))


@blueprint.post("/delete")
def delete() -> ResponseReturnValue:
    """Delete the images whose `ids` are given; those that are gone already count as missing."""
    ids = asked_ids()
    with turn("change"):
        deleted = services().delete_many(ids)
    return answer(Deleted(deleted, len(ids) - deleted))


@blueprint.post("/restore")
def restore() -> ResponseReturnValue:
    """Bring back from the trash the images whose `ids` are given; those that are not in it count as missing."""
    ids = asked_ids()
    with turn("change"):
        restored = services().restore_many(ids)
    return answer(Restored(restored, len(ids) - restored))


@blueprint.post("/retry")
def retry() -> ResponseReturnValue:
    """Try again those of the images whose `ids` are given that have failed."""
    ids = asked_ids()
    with turn("change"):
        return answer(services().retry_many(ids), 202)
