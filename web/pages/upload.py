"""The plain upload form."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from pipeline.errors import TITLES, GalleryError, MissingFile
from pipeline.names import clean_name
from pipeline.store import IncomingUpload
from web import counters
from web.services import services
from web.uploads import parsed_files

blueprint = Blueprint("upload", __name__)
_NAME_SHOWN = 80
_REFUSALS_SHOWN = 20


@blueprint.post("/upload")
def form() -> ResponseReturnValue:
    """Accept the files of a plain form, and redirect to the gallery, which lists what was refused and why."""
    return receive_form()


def receive_form() -> ResponseReturnValue:
    """Accept the files of the current request, and redirect to the gallery with what was refused."""
    files = [file for file in parsed_files().getlist("file") if file.filename]
    refused: list[str] = [] if files else [f"{MissingFile.code}~"]
    for file in files:
        name = file.filename or ""
        try:
            services().receive(cast(IncomingUpload, file.stream), name)
        except GalleryError as error:
            counters.refused(error.code)
            refused.append(f"{error.code}~{clean_name(name, '')[:_NAME_SHOWN]}")
    return redirect(url_for("gallery.index", refused=refused[:_REFUSALS_SHOWN] or None), 303)


def refusals(codes: list[str]) -> list[tuple[str, str]]:
    """Name and reason of each refused file, from the address that `form` redirected to; skips unknown codes."""
    pairs = [text.partition("~") for text in codes[:_REFUSALS_SHOWN]]
    return [(name[:_NAME_SHOWN], TITLES[code]) for code, _, name in pairs if code in TITLES]
