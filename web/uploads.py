"""Reading uploads from requests: each file streams straight to the volume, and nothing of a refused one stays."""

from __future__ import annotations

from typing import IO, Any, cast

from flask import Flask, Request, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from pipeline.errors import BrokenUpload, MissingFile, TooLarge, TooManyFiles
from pipeline.store import Accepted, IncomingUpload
from web.server.body import pieces
from web.services import services

_FORM_OVERHEAD = 64 * 1024


class UploadRequest(Request):
    """A request whose form files are written to the volume while they are parsed."""

    drafts: list[IncomingUpload] | None = None

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        draft = services().store.draft()
        self.drafts = [*(self.drafts or []), draft]
        if len(self.drafts) > services().settings.max_form_files:
            raise TooManyFiles(services().settings.max_form_files)
        return cast(IO[bytes], draft)


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
        return services().receive(cast(IncomingUpload, file.stream), file.filename or "")
    draft = services().store.draft(request.content_length or 0)
    request.drafts = [draft]  # type: ignore[attr-defined]
    _fill(draft)
    if request.content_length not in (None, draft.size):
        raise BrokenUpload
    if draft.size == 0:
        raise MissingFile
    return services().receive(draft, request.args.get("name", ""))


def _fill(draft: IncomingUpload) -> None:
    """Write the raw body into the draft; nothing of it is in memory when this returns."""
    try:
        for piece in pieces(request.environ):
            draft.write(piece)
    except (ClientDisconnected, ParseException, OSError) as error:
        raise BrokenUpload from error


def refuse_early() -> None:
    """Answer 413 by the announced length, before the body is read."""
    limit = services().settings.max_upload_bytes
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


def register(app: Flask, max_upload_bytes: int, max_form_files: int) -> None:
    """Read the bodies of the app's requests in this way."""
    app.request_class = UploadRequest
    app.config["MAX_CONTENT_LENGTH"] = max_upload_bytes * 4 + 1024 * 1024
    app.config["MAX_FORM_PARTS"] = max_form_files + 10
    app.teardown_request(discard_drafts)
