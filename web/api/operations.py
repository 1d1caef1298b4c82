"""What each call of the API takes, and with which of the `web.api.schemas` it answers."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.ids import PATTERN, SHA256
from pipeline.images.formats import Format
from pipeline.records import State
from pipeline.store.day_counts import MARK_EVERY
from web.api.schemas import (
    Alive,
    Days,
    Deleted,
    Ids,
    Image,
    Page,
    Ready,
    Restored,
    Status,
    TrashPage,
    Uploaded,
)
from web.index import Sort
from web.parameters import Parameter
from web.services import Emptied, Retried


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: its parameters, the media types it takes, and what it answers by status.

    An answer is one of the schemas (sent as JSON), a media type, or None for no body. `errors` are statuses of problem
    documents beside those that any call may answer.
    """

    answers: dict[int, type | str | None]
    parameters: tuple[Parameter, ...] = ()
    takes: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()


PAGE = 60
"""How many records a page has, unless the call says otherwise."""

_MOST_IDS, _MOST_IN_A_PAGE = 10_000, 500

ID = {"type": "string", "pattern": f"^{PATTERN.pattern}$"}
_BEFORE = Parameter("before", "Only images older than the one with this id.", ID)
_DAY = {"type": "string", "format": "date"}
_SORTS = {"enum": [sort.value for sort in Sort], "default": Sort.RECEIVED.value}
# Narrower than what is accepted: not every month has more than 28 days.
_PLACE = {
    "type": "string",
    "pattern": "^([0-9]{3}[1-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}_)?"
    f"{PATTERN.pattern}$",
}
_FINDING = (
    Parameter("sort", "By when images came in, or by when they were taken, in local time.", _SORTS),
    Parameter(
        "q",
        "Only images with each of these words in the name or the camera, at least one of three characters or more.",
        {"type": "string", "pattern": "^[!-~]{3,200}$"},
    ),
    Parameter("state", "Only images in this state.", {"enum": [state.value for state in State]}),
    Parameter("format", "Only images in this format.", {"enum": [format_.value for format_ in Format]}),
    Parameter("from", "Only images of this day or later, in the order that is asked for.", _DAY),
    Parameter("to", "Only images of this day or earlier.", _DAY),
    Parameter(
        "before", "Only images older than this position: `next`, a mark of a day, or the id of an image.", _PLACE
    ),
    Parameter("after", "The images just newer than this position, oldest first.", _PLACE),
)  # fmt: skip
LIMIT = Parameter(
    "limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": _MOST_IN_A_PAGE, "default": PAGE}
)
IDS_LIMIT = Parameter(
    "limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": _MOST_IDS, "default": _MOST_IDS}
)
_BY = Parameter("by", "The order whose days are counted.", _SORTS)
EVERY_NTH = Parameter(
    "every",
    "How many images apart the marks are.",
    {"type": "integer", "minimum": MARK_EVERY, "multipleOf": MARK_EVERY},
)
_SHA256 = Parameter(
    "sha256", "The image that holds the bytes with this hash.", {"type": "string", "pattern": f"^{SHA256.pattern}$"}
)
_NAME = Parameter("name", "The file's name, where the body is the picture itself.", {"type": "string"})
# Narrower than what is accepted: Redis takes only some numbers of twenty digits.
_POSITION = {"type": "string", "pattern": r"^[0-9]{1,18}-[0-9]{1,18}$"}
_PICTURES = tuple(kind.content_type for kind in Format)

IDS = ("application/json", "application/x-www-form-urlencoded")

OPERATIONS: dict[str, Operation] = {
    "api.upload": Operation(
        {201: Uploaded, 200: Uploaded},
        (_NAME,),
        takes=("multipart/form-data", "application/octet-stream", *_PICTURES),
        errors=(413, 415, 422, 507),
    ),
    "api.page": Operation({200: Page}, (*_FINDING, LIMIT, _SHA256)),
    "days.days": Operation({200: Days, 304: None}, (_BY, EVERY_NTH)),
    "api.one": Operation({200: Image}, errors=(404,)),
    "api.delete": Operation({204: None}, errors=(404,)),
    "api.retry": Operation({202: Image}, errors=(404, 409)),
    "bulk.ids": Operation({200: Ids}, (*_FINDING, IDS_LIMIT)),
    "trash.page": Operation({200: TrashPage}, (_BEFORE, LIMIT)),
    "trash.restore": Operation({200: Image}, errors=(404, 409)),
    "trash.purge": Operation({204: None}, errors=(404,)),
    "trash.empty": Operation({200: Emptied}),
    "bulk.delete": Operation({200: Deleted}, takes=IDS, errors=(413,)),
    "bulk.restore": Operation({200: Restored}, takes=IDS, errors=(413,)),
    "bulk.retry": Operation({202: Retried}, takes=IDS, errors=(413,)),
    "archive.download": Operation({200: "application/zip"}, takes=IDS, errors=(404, 413)),
    "api.retry_failed": Operation({202: Retried}),
    "status.status": Operation({200: Status}),
    "events.events": Operation(
        {200: "text/event-stream"},
        (
            Parameter("since", "Begin after the event with this id.", _POSITION),
            Parameter("Last-Event-ID", "As `since`; browsers send it when they come back.", _POSITION, "header"),
        ),
    ),
    "files.rendition": Operation({200: "image/*", 302: None, 304: None}, errors=(404, 416)),
    "files.download": Operation({200: "image/*", 304: None}, errors=(404, 409, 416)),
    "files.original": Operation({200: "image/*", 304: None}, errors=(404, 416)),
    "health.healthz": Operation({200: Alive}),
    "health.readyz": Operation({200: Ready, 503: Ready}),
    "metrics.show": Operation({200: "text/plain"}),
    "openapi.document": Operation({200: "application/json"}),
}
