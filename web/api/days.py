"""The number of images per day, which the page uses to lay out a long gallery before it has the records."""

from __future__ import annotations

import gzip

from flask import Blueprint, Response, request

from pipeline.store.day_counts import MARK_EVERY
from web.api import schemas
from web.api.answers import answer
from web.api.operations import EVERY_NTH
from web.listing import listing
from web.parameters import asked_integer
from web.query_parameters import asked_sort, require_known

blueprint = Blueprint("days", __name__, url_prefix="/api")


@blueprint.get("/days")
def days() -> Response:
    """The days, newest first: number of images, the newest one, and with `every` each `every`th one as a mark.

    By `received` or by `taken`; `first` and the marks are positions in that order, for `before` and `after`.
    """
    require_known("by", "every")
    step, sort = asked_integer(EVERY_NTH) // MARK_EVERY, asked_sort("by")
    found, complete = listing().days(sort, marks=step > 0)
    marks = slice(step - 1, None, step) if step else slice(0)
    shown = [schemas.Day(day.day, day.count, day.first, list(day.marks[marks])) for day in found]
    response = answer(schemas.Days(shown, complete))
    response.cache_control.no_cache = True
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(response.get_data(), 1, mtime=0))
        response.content_encoding = "gzip"
    response.add_etag()
    response.make_conditional(request)
    return response
