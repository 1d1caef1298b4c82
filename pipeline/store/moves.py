"""Repairs by renaming, in an order in which each target is free when its turn comes.

They can be interrupted anywhere: every file is still whole, and the next run continues.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.store.day_folder import touch
from pipeline.volume.files import flush_existing, flush_folder
from pipeline.volume.folders import make_folder


@dataclass(slots=True)
class Moves:
    """Renames, each from a source to a target, that depend on each other; called, they are done once.

    If `hold` is set, the first source makes room by waiting there until its target is free. Folders below `images`
    that are empty afterwards are removed.
    """

    steps: list[tuple[Path, Path]]
    images: Path
    hold: Path | None = None
    _done: bool = False
    _error: OSError | None = None

    @property
    def targets(self) -> list[Path]:
        """Where things go."""
        return [target for _, target in self.steps]

    def __call__(self) -> None:
        """Rename; raises `OSError`, and the same one if called again."""
        if self._error is not None:
            raise self._error
        if self._done:
            return
        try:
            self._run()
        except OSError as error:
            self._error = error
            raise
        self._done = True

    def _run(self) -> None:
        steps = self.steps
        if self.hold is not None:
            (first, last), *others = self.steps
            steps = [(first, self.hold), *others, (self.hold, last)]
        for source, target in steps:
            self._rename(source, target)

    def _rename(self, source: Path, target: Path) -> None:
        make_folder(target.parent)
        if target.is_dir():
            target.rmdir()
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "something is in its place", str(target))
        source.rename(target)
        flush_folder(target.parent)
        flush_existing(source.parent)
        for day in {source.parent.parent, target.parent.parent}:
            touch(day)
        with suppress(OSError):  # one that still holds something stays
            for above in source.parents:
                if self.images not in above.parents:
                    break
                above.rmdir()


def moves_of(
    wanted: Mapping[Path, Path],
    images: Path,
    *,
    is_free: Callable[[Path, Path], bool],
    hold: Callable[[Path, Path], Path],
) -> list[Moves]:
    """Those of the wanted renames (target by source) that can be done.

    A target must be free (`is_free(source, target)`), or be a source that is moved away itself; two sources with one
    target stay. `hold(source, target)` names the place to wait in while a circle is opened.
    """
    times = Counter(wanted.values())
    left = {source: target for source, target in wanted.items() if times[target] == 1}
    coming = {target: source for source, target in left.items()}
    found: list[Moves] = []
    for end in [source for source, target in left.items() if target not in left and is_free(source, target)]:
        chain: list[tuple[Path, Path]] = []
        place: Path | None = end
        while place is not None:
            chain.append((place, left.pop(place)))
            place = coming.get(place)
        found.append(Moves(chain, images))
    for start in list(left):
        circle = _circle(left, start)
        for source, _ in circle:
            del left[source]
        if circle:
            found.append(Moves(circle, images, hold(*circle[0])))
    return found


def _circle(left: Mapping[Path, Path], start: Path) -> list[tuple[Path, Path]]:
    """The circle that `start` is in, in the order of its renames once the first is out of the way; none if it is in
    no circle."""
    way = [start]
    while (target := left.get(way[-1])) is not None and target not in way:
        way.append(target)
    if target != start:
        return []
    return [(source, left[source]) for source in (start, *reversed(way[1:]))]
