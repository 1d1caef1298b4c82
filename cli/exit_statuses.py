"""How a command ends: its exit status, and one sentence if something is wrong."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

import click

from cli.verdicts import printable

INTERRUPTED = 130
_FLUSH_SECONDS = 5.0


def fail(sentence: str) -> NoReturn:
    """End the command with exit status 2."""
    click.echo(printable(sentence), err=True)
    leave(2)


def leave(status: int) -> NoReturn:
    """End the process now, though a thread may still wait for an answer, or the output may be full or not read."""
    flushing = threading.Thread(target=_flush, daemon=True)
    flushing.start()
    flushing.join(_FLUSH_SECONDS)
    os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
