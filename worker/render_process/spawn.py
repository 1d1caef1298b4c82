"""The render process as a process: how it is started, and how it ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from worker.render_process.channel import Channel

_ROOT = Path(__file__).resolve().parent.parent.parent
# the one variable that a Python may need in order to find its own library
_KEPT = "LD_LIBRARY_PATH"
_LINGER_SECONDS = 5.0
_GROUP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def spawn(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], Channel]:
    """Start `python -m` with this command and the number of its socket, in an empty environment; raises `OSError`."""
    ours, theirs = socket.socketpair()
    # a signal to all of the group must not end it before it can ignore them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _GROUP_SIGNALS)
    try:
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-B", "-s", "-m", *command, str(theirs.fileno())],
                cwd=_ROOT,
                env={_KEPT: os.environ[_KEPT]} if _KEPT in os.environ else {},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
    except OSError:
        ours.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process, Channel(ours)


def exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Of a process that closed its socket; None if it goes on without."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(_LINGER_SECONDS)
    return None


def obituary(process: subprocess.Popen[bytes]) -> str:
    """How a process that closed its socket ended, in words."""
    code = exit_code(process)
    if code is None:
        return "it closed its socket"
    if code >= 0:
        return f"exit status {code}"
    known = -code in set(signal.Signals)
    return f"signal {signal.Signals(-code).name if known else -code}"
