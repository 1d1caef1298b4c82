"""Parses forms with files, from browsers and from programs that encode file names in other ways."""

from __future__ import annotations

from typing import IO, Any

from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

_PIECE = 64 * 1024

Parsed = tuple[IO[bytes], Any, Any]


class _Decoder(MultipartDecoder):
    """Decodes the headers of a part as UTF-8, or else as Latin-1, which old programs send."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        try:
            return super()._parse_headers(data)
        except UnicodeDecodeError:
            return super()._parse_headers(data.decode("latin-1").encode())


class FormParser(FormDataParser):
    """Like Werkzeug's, except for how the headers of parts are decoded."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Parsed:
        """The stream, fields and files of a form; files go where `stream_factory` says while they are read."""
        boundary = (options or {}).get("boundary", "").encode("ascii", "replace")
        if mimetype != "multipart/form-data" or not boundary:
            return super().parse(stream, mimetype, content_length, options)
        try:
            return stream, *self._parts(stream, boundary, content_length)
        except ValueError:
            if not self.silent:
                raise
        return stream, self.cls(), self.cls()

    def _parts(self, stream: IO[bytes], boundary: bytes, content_length: int | None) -> tuple[Any, Any]:
        decoder = _Decoder(boundary, self.max_form_memory_size, max_parts=self.max_form_parts)
        fields: list[tuple[str, str]] = []
        files: list[tuple[str, FileStorage]] = []
        part: Field | File | None = None
        text, file = bytearray(), None
        ended = False
        while not ended:
            piece = stream.read(_PIECE)
            ended = not piece
            decoder.receive_data(piece or None)
            while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
                if isinstance(event, Field):
                    part, text, file = event, bytearray(), None
                elif isinstance(event, File):
                    part, file = event, self._file(event, content_length)
                elif isinstance(event, Data):
                    if file is None:
                        text += event.data
                        if self.max_form_memory_size is not None and len(text) > self.max_form_memory_size:
                            raise RequestEntityTooLarge
                    else:
                        file.write(event.data)
                    if event.more_data or part is None:
                        continue
                    if isinstance(part, File) and file is not None:
                        file.seek(0)
                        files.append((part.name, FileStorage(file, part.filename, part.name, headers=part.headers)))
                    else:
                        fields.append((part.name, text.decode("utf-8", "replace")))
        return self.cls(fields), self.cls(files)

    def _file(self, event: File, content_length: int | None) -> IO[bytes]:
        return self.stream_factory(
            total_content_length=content_length,
            content_type=event.headers.get("content-type"),
            filename=event.filename,
            content_length=0,
        )
