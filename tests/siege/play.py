"""Plays one attack against a web service of its own, and says what became of the others."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.product import Gallery, until
from tests.siege.bystander import Bystander

_LEFT_OVER = ("incoming", "pending")


@dataclass(frozen=True)
class Attack:
    """An attack: `play` is entered to begin it and left to end it; `settings` are those of web."""

    play: Callable[[Gallery], AbstractContextManager[None]]
    settings: dict[str, str] = field(default_factory=dict)
    seconds: float = 6.0
    redis: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    descriptors: int = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return self.play.__name__.replace("_", " ")


@dataclass(frozen=True)
class Outcome:
    """What an attack did: the slowest answers in seconds, what failed, descriptors and memory used, what was left."""

    slowest: dict[str, float]
    failures: list[str]
    descriptors: int
    memory_mb: int
    restarted: bool
    left: list[str]


def play(attack: Attack, gallery: Gallery) -> Outcome:
    """Start web, attack it, and look at everything a bystander could notice."""
    if attack.redis:
        gallery.start_redis()
    if attack.descriptors:
        gallery.wrapper = ("prlimit", f"--nofile={attack.descriptors}:{attack.descriptors}")
    gallery.start("web", "web", **{"GALLERY_WEB_THREADS": "1200", "GALLERY_CLIENT_CONNECTIONS": "", **attack.settings})
    gallery.wrapper = ()
    until(lambda: gallery.call("GET", "/readyz").status == 200, 60)
    before = processes(gallery)
    with Bystander(gallery.port, attack.headers) as bystander, attack.play(gallery):
        time.sleep(attack.seconds)
        memory, opened = memory_mb(gallery), descriptors(gallery)
    return Outcome(
        bystander.slowest, bystander.failures, opened, memory, processes(gallery) != before, left_over(gallery)
    )


def processes(gallery: Gallery, name: str = "web") -> list[int]:
    """The processes of a service: gunicorn's master and those that serve."""
    group, found = gallery.processes[name].pid, []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid = int(stat.parent.name)
            if os.getpgid(pid) == group and not re.search(r"\) Z", stat.read_text()):
                found.append(pid)
    return sorted(found)


def memory_mb(gallery: Gallery) -> int:
    """The most that a process of web has held so far, in MB."""
    peaks = []
    for pid in processes(gallery):
        with suppress(OSError, IndexError):
            peaks.append(int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
    return max(peaks)


def descriptors(gallery: Gallery) -> int:
    """The most descriptors that a process of web has open."""
    return max(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes(gallery))


def left_over(gallery: Gallery) -> list[str]:
    """What lies on the volume and is no upload of the bystander's, some seconds after the attack."""
    end = time.monotonic() + 20
    while (found := list(_left(gallery))) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def _left(gallery: Gallery) -> Iterator[str]:
    yield from (f"incoming/{name}" for name in os.listdir(gallery.data / "incoming"))
    records = list((gallery.data / "images").glob("*/*/*/image.json"))
    yield from (str(path.parent) for path in records if '"bystander.png"' not in path.read_text())
