"""How many images came in on each day: what a long gallery is laid out by before its records are there."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from pipeline.errors import BadRequest
from pipeline.ids import made_at
from web.upload import desk

blueprint = Blueprint("days", __name__, url_prefix="/api")
_LEAST_APART = 20


@blueprint.get("/days")
def days() -> ResponseReturnValue:
    """The days, newest first: how many images, the newest one, and where `every` is given each `every`th as a mark."""
    try:
        every = int(request.args["every"]) if "every" in request.args else 0
    except ValueError:
        raise BadRequest("'every' must be a whole number.") from None
    if "every" in request.args and every < _LEAST_APART:
        raise BadRequest(f"'every' must be at least {_LEAST_APART}.")
    found = []
    for day, group in groupby(desk().store.ids(), lambda image_id: made_at(image_id).date()):
        ids = list(group)
        marks = ids[every::every] if every else []
        found.append({"day": day.isoformat(), "count": len(ids), "first": ids[0], "marks": marks})
    return jsonify({"days": found})
