"""How a command ends: its exit status, and one sentence if something is wrong."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from cli.verdicts import printable

INTERRUPTED = 130


def fail(sentence: str) -> NoReturn:
    """End the command with exit status 2."""
    click.echo(printable(sentence), err=True)
    leave(2)


def leave(status: int) -> NoReturn:
    """End the process now, though a thread may still wait for an answer."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
