"""What a process gives up before it touches an untrusted file: all of the kernel that a decoder does not need.

Nothing here can be taken back. What the kernel lacks is left out and reported; each part holds without the others.
"""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass

from worker.sandbox import landlock, seccomp
from worker.sandbox.kernel import control

__all__ = ["PARTS", "Confinement", "confine"]

PARTS = ("no_new_privs", "landlock", "seccomp")
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True, slots=True)
class Confinement:
    """The parts of the sandbox that hold, by their names in `PARTS`, and the version of Landlock (0: none)."""

    parts: frozenset[str]
    landlock: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts that this kernel lacks."""
        return tuple(part for part in PARTS if part not in self.parts)


def confine(channel: int, descriptors: int, parts: frozenset[str] = frozenset(PARTS)) -> Confinement:
    """Confine this process, which must have one thread.

    It keeps what is open, may write to `channel` alone, and gets no descriptor beyond the number `descriptors`.
    `parts` leaves some out, to try each alone. Raises `RuntimeError` if other threads run: Landlock would not
    bind them.
    """
    limits = {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: descriptors}
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))
    if sys.platform != "linux":
        return Confinement(frozenset())
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a decoder keeps threads, which cannot be confined")
    held, known = set(), landlock.version()
    if "no_new_privs" in parts and control(_PR_SET_NO_NEW_PRIVS, 1):
        held.add("no_new_privs")
    if "landlock" in parts and landlock.deny_all():
        held.add("landlock")
    if "seccomp" in parts and seccomp.deny_calls(channel):
        held.add("seccomp")
    return Confinement(frozenset(held), known if "landlock" in held else 0)
