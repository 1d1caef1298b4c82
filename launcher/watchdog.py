"""`python -m launcher.watchdog`: ends the services when the launcher is gone, even if it was killed.

Standard input is a pipe whose other end the launcher alone holds: `+PID` says that a service was started, `-PID` that
it has ended, each on a line. The pipe ends with the launcher.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_SECONDS = 10.0


def main() -> None:
    """Read until the launcher has ended, then end what it left."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin.buffer:
        (running.add if line[:1] == b"+" else running.discard)(int(line[1:]))
    end(running)


def end(running: Iterable[int], seconds: float = GRACE_SECONDS) -> None:
    """End services, each the leader of a process group: SIGTERM first, SIGKILL after `seconds`."""
    left = set(running)
    for pid in left:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while left := set(filter(is_running, left)):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for pid in left:
        kill_group(pid)


def is_running(group: int) -> bool:
    """Whether anything of a process group is left."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def kill_group(group: int) -> None:
    """Kill what is left of a process group."""
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
