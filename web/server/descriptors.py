"""The limit of file descriptors of a process, and the share of each use."""

from __future__ import annotations

import resource

_MOST = 65_536
# Each connection may also have a file open; the rest is for Redis, logs and so on.
CONNECTIONS = 1 / 4
LISTENERS = 1 / 6
DRAFTS = 1 / 8
LINGERING = 1 / 16


def allow_many() -> None:
    """Raise this process's limit as far as allowed: many shells set 1024, and each connection needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST if hard == resource.RLIM_INFINITY else min(_MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def at_most(part: float) -> int:
    """This share of the descriptors that the process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return int((_MOST if soft == resource.RLIM_INFINITY else soft) * part)
