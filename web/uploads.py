"""Reading uploads from requests: each file streams straight to the volume, and refused ones leave nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any, cast

from flask import Flask, Request, current_app, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from pipeline.errors import BadRequest, BrokenUpload, MissingFile, TooLarge, TooManyFiles
from pipeline.store import Accepted, IncomingUpload
from web.callers import Shares, TooManyAtOnce, caller
from web.forms import FormParser
from web.server.body import pieces
from web.server.descriptors import DRAFTS, at_most
from web.services import services

ENDPOINTS = frozenset({"api.upload", "upload.form", "install.share"})
_FORM_OVERHEAD = 64 * 1024
_BODY_BYTES = 16 * 1024
_FORMS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Limits of uploads: bytes of a whole form, and how many files are open at once."""

    form_bytes: int
    drafts: Shares


class UploadRequest(Request):
    """A request that, at the upload endpoints, writes the files of a form to the volume while parsing it.

    Elsewhere a body is small and has no files. The number of files that a caller has open is limited.
    """

    form_data_parser_class = FormParser
    drafts: list[IncomingUpload] | None = None

    @property
    def max_content_length(self) -> int | None:
        """Maximum bytes of the body: few, except for uploads and handlers that set it."""
        if self._max_content_length is None and self.endpoint in ENDPOINTS:
            return _bounds().form_bytes
        return super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    def open_draft(self, expected: int = 0) -> IncomingUpload:
        """A new file on the volume, discarded with the request; raises `TooManyAtOnce` and the volume's errors."""
        if not _bounds().drafts.take(caller()):
            raise TooManyAtOnce
        try:
            draft = services().store.draft(expected)
        except BaseException:
            _bounds().drafts.give_back(caller())
            raise
        self.drafts = [*(self.drafts or []), draft]
        return draft

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint not in ENDPOINTS:
            raise BadRequest("Send files to /upload or /api/images; no other address takes them.")
        if len(self.drafts or ()) >= services().settings.max_form_files:
            raise TooManyFiles(services().settings.max_form_files)
        return cast(IO[bytes], self.open_draft())


def _bounds() -> _Bounds:
    return cast(_Bounds, current_app.extensions["uploads"])


def discard_drafts(_error: BaseException | None) -> None:
    """Remove what was not accepted by the end of the request."""
    drafts = getattr(request, "drafts", None) or ()
    for draft in drafts:
        draft.discard()
    if drafts:
        _bounds().drafts.give_back(caller(), len(drafts))


def receive_one() -> Accepted:
    """Accept the one file of an API upload: the form field `file`, or the raw body."""
    refuse_early()
    if request.mimetype == "multipart/form-data":
        file = parsed_files().get("file")
        if file is None:
            raise MissingFile
        return services().receive(cast(IncomingUpload, file.stream), file.filename or "")
    draft = cast(UploadRequest, request).open_draft(request.content_length or 0)
    _fill(draft)
    if request.content_length not in (None, draft.size):
        raise BrokenUpload
    if draft.size == 0:
        raise MissingFile
    return services().receive(draft, request.args.get("name", ""))


def _fill(draft: IncomingUpload) -> None:
    """Write the raw body to the volume."""
    try:
        with pieces(request.environ, draft) as body:
            for piece in body:
                draft.write(piece)
    except (ClientDisconnected, ParseException, OSError) as error:
        raise BrokenUpload from error


def refuse_early() -> None:
    """Answer 413 if the announced length is too large, before the body is read."""
    limit = services().settings.max_upload_bytes
    if (request.content_length or 0) > limit + _FORM_OVERHEAD:
        raise TooLarge(limit)


def parsed_files() -> Any:
    """The files of the form; raises `BrokenUpload` if it is incomplete, or `TooManyAtOnce` before it is read."""
    _bounds().drafts.require(caller())
    try:
        return request.files
    except RequestEntityTooLarge:
        raise
    except (ClientDisconnected, ParseException, ValueError, OSError) as error:
        raise BrokenUpload from error


def register(app: Flask, max_upload_bytes: int, max_form_files: int) -> None:
    """Make the app use `UploadRequest`."""
    app.request_class = UploadRequest
    app.config["MAX_CONTENT_LENGTH"] = _BODY_BYTES
    app.config["MAX_FORM_PARTS"] = max_form_files + 10
    drafts = Shares(_FORMS_AT_ONCE * max_form_files, at_most(DRAFTS))
    app.extensions["uploads"] = _Bounds(max_upload_bytes * 4 + 1024 * 1024, drafts)
    app.teardown_request(discard_drafts)
