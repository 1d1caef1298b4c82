"""Taking uploads: each file streams straight to the volume, and nothing of a refused one stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any, cast

import structlog
from flask import Blueprint, Request, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from pipeline.errors import TITLES, BrokenUpload, GalleryError, MissingFile, TooLarge, TooManyFiles
from pipeline.events import Announcer
from pipeline.jobs import QueueUnavailable, Thumbnails
from pipeline.names import clean_name
from pipeline.records import Record
from pipeline.settings import Settings
from pipeline.store import Accepted, Draft, Store
from web import counters
from web.body import pieces

blueprint = Blueprint("upload", __name__)
_log = structlog.get_logger()
_FORM_OVERHEAD = 64 * 1024
_NAME_SHOWN = 80
_REFUSALS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Desk:
    """What the views need, built by `create_app`."""

    settings: Settings
    store: Store
    queue: Thumbnails
    events: Announcer

    def receive(self, draft: Draft, name: str) -> Accepted:
        """Accept a draft and see to its thumbnail; a Redis that fails is no error, the outbox holds the image."""
        accepted = self.store.accept(draft, name)
        record = accepted.record
        counters.UPLOADS.labels("accepted" if accepted.new else "duplicate", record.format).inc()
        _log.info("accepted" if accepted.new else "here already", image=record.id, bytes=record.bytes)
        if accepted.new:
            counters.UPLOAD_BYTES.inc(record.bytes)
            self.send(record)
        return accepted

    def send(self, record: Record) -> None:
        """Enqueue a pending image and tell the listeners."""
        try:
            self.queue.enqueue(record.id)
        except QueueUnavailable as error:
            _log.warning("not enqueued, the sweep will", image=record.id, error=str(error))
            self.events.missed()
        else:
            self.events.changed(record)


def desk() -> Desk:
    """The desk of the running app."""
    return cast(Desk, current_app.extensions["gallery"])


class UploadRequest(Request):
    """A request whose form files are written to the volume while they are parsed."""

    drafts: list[Draft] | None = None

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        draft = desk().store.draft()
        self.drafts = [*(self.drafts or []), draft]
        if len(self.drafts) > desk().settings.max_form_files:
            raise TooManyFiles(desk().settings.max_form_files)
        return cast(IO[bytes], draft)


@blueprint.teardown_app_request
def discard_drafts(_error: BaseException | None) -> None:
    """Whatever was not accepted by the end of the request is removed."""
    for draft in getattr(request, "drafts", None) or ():
        draft.discard()


def receive_one() -> Accepted:
    """Accept the one file of an API upload: the form field `file`, or the raw body."""
    refuse_early()
    if request.mimetype == "multipart/form-data":
        file = parsed_files().get("file")
        if file is None:
            raise MissingFile
        return desk().receive(cast(Draft, file.stream), file.filename or "")
    draft = desk().store.draft(request.content_length or 0)
    request.drafts = [draft]  # type: ignore[attr-defined]
    _fill(draft)
    if request.content_length not in (None, draft.size):
        raise BrokenUpload
    if draft.size == 0:
        raise MissingFile
    return desk().receive(draft, request.args.get("name", ""))


def _fill(draft: Draft) -> None:
    """Write the raw body into the draft; nothing of it is in memory when this returns."""
    try:
        for piece in pieces(request.environ):
            draft.write(piece)
    except (ClientDisconnected, ParseException, OSError) as error:
        raise BrokenUpload from error


def refuse_early() -> None:
    """Answer 413 by the announced length, before the body is read."""
    limit = desk().settings.max_upload_bytes
    if (request.content_length or 0) > limit + _FORM_OVERHEAD:
        raise TooLarge(limit)


def parsed_files() -> Any:
    """The files of the form; raises `BrokenUpload` where it did not arrive whole."""
    try:
        return request.files
    except RequestEntityTooLarge:
        raise
    except (ClientDisconnected, ParseException, ValueError, OSError) as error:
        raise BrokenUpload from error


@blueprint.post("/upload")
def form() -> ResponseReturnValue:
    """Accept the files of a plain form, and go to the gallery, which names what was refused and why."""
    files = [file for file in parsed_files().getlist("file") if file.filename]
    refused: list[str] = [] if files else [f"{MissingFile.code}~"]
    for file in files:
        name = file.filename or ""
        try:
            desk().receive(cast(Draft, file.stream), name)
        except GalleryError as error:
            counters.refused(error.code)
            refused.append(f"{error.code}~{clean_name(name, '')[:_NAME_SHOWN]}")
    return redirect(url_for("gallery.index", refused=refused[:_REFUSALS_SHOWN] or None), 303)


def refusals(codes: list[str]) -> list[tuple[str, str]]:
    """Name and reason of each refused file, as `form` put them into the address; unknown codes are left out."""
    pairs = [text.partition("~") for text in codes[:_REFUSALS_SHOWN]]
    return [(name[:_NAME_SHOWN], TITLES[code]) for code, _, name in pairs if code in TITLES]
