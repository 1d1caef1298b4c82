"""All images of a volume, into a backup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from pipeline.store.backup.snapshot import Snapshot, SourceUnreadable, listed, snapshot
from pipeline.volume.files import refresh
from pipeline.volume.volume import Volume

_ROUNDS = 5


class Target(Protocol):
    """Where a backup goes."""

    def put(self, image: Snapshot) -> tuple[str, bool]:
        """Copy an image; says what was done, and whether its original was whole. Raises `SourceUnreadable`, or
        `OSError` if the target fails."""


class Outcome(NamedTuple):
    """What became of one image: `copied`, `updated`, `here already`, `damaged` or `unreadable`, and perhaps why."""

    id: str
    verdict: str
    why: str | None = None


def write(volume: Volume, target: Target) -> Iterator[Outcome]:
    """Copy every image that is there when the walk ends; raises `OSError` if the target fails, or the volume's named
    errors.

    Images come, go to the trash and come back meanwhile, so the folders are walked until a walk finds nothing new.
    """
    done: set[str] = set()
    for _ in range(_ROUNDS):
        before = len(done)
        for place, folder in listed(volume):
            if folder.name in done:
                continue
            try:
                with snapshot(place, folder) as image:
                    yield _put(target, image)
            except ValueError as error:
                if isinstance(error, SourceUnreadable) and error.is_gone and not _is_there(folder):
                    continue  # deleted or restored at this moment
                yield Outcome(folder.name, "unreadable", str(error))
            done.add(folder.name)
        if len(done) == before:
            return


def _is_there(folder: Path) -> bool:
    try:
        return refresh(folder)
    except OSError:
        return True


def _put(target: Target, image: Snapshot) -> Outcome:
    verdict, is_whole = target.put(image)
    if not is_whole:
        return Outcome(image.record.id, "damaged", "its original is not what was uploaded")
    return Outcome(image.record.id, verdict)
