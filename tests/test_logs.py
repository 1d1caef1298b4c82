"""What callers say appears in logs as text that draws, reverses and breaks nothing."""

from __future__ import annotations

import io
import logging

import pytest
import structlog

from pipeline.logs import set_up_logs
from tests.conftest import Gallery, until

UNSEEN = "\x07\x1b\x7f\x85\x9b\u061c\u200e\u2028\u2029\u202e\u2066\ufeff"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_path_of_control_and_direction_characters_is_logged_as_escapes(bare: Gallery, form: str) -> None:
    bare.log = bare.data.parent / "log"
    bare.start("web", "web", GALLERY_LOG_FORMAT=form)
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    path = "".join(f"%{byte:02x}" for byte in f"a{UNSEEN}\n{{}}z".encode())
    assert bare.call("GET", f"/api/{path}").status == 404
    log = bare.log
    until(lambda: "/api/a" in log.read_text(), 60)
    text = log.read_text()
    assert not set(UNSEEN) - {"\x1b"} & set(text)
    (line,) = [line for line in text.splitlines() if "/api/a" in line]
    assert "u202e" in line
    assert "\x1b]" not in line


@pytest.mark.parametrize("form", ["text", "json"])
def test_other_libraries_words_and_tracebacks_are_escaped_too(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root, out = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    try:
        set_up_logs("test", form)
        monkeypatch.setattr(root.handlers[0], "stream", out)
        logging.getLogger("library").warning("said %s", UNSEEN)
        try:
            raise ValueError(UNSEEN)
        except ValueError:
            logging.getLogger("library").exception("failed")
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    assert not set(UNSEEN) - {"\x1b"} & set(out.getvalue())
    assert "Traceback" in out.getvalue()
