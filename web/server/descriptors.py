"""How many file descriptors a process may have, and what part of them each use may take."""

from __future__ import annotations

import resource

_MOST = 65_536
# Each connection may have a file in its hands beside; what is left is for Redis, logs and the like.
CONNECTIONS = 1 / 4
LISTENERS = 1 / 6
DRAFTS = 1 / 8
LINGERING = 1 / 16


def allow_many() -> None:
    """Raise this process's limit as far as it may: many shells allow 1024, and each connection needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST if hard == resource.RLIM_INFINITY else min(_MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def at_most(part: float) -> int:
    """This part of what the process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return int((_MOST if soft == resource.RLIM_INFINITY else soft) * part)
