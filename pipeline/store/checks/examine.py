"""All rules of a volume at once: check, check again what was found, repair what can be repaired."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import GalleryError
from pipeline.ids import is_id
from pipeline.store.checks.claims import check_claims
from pipeline.store.checks.image import Decode, check_image
from pipeline.store.checks.outbox import check_outbox
from pipeline.store.checks.reconcile import reconcile
from pipeline.store.checks.trash import check_trash
from pipeline.store.checks.tree import check_tree, images
from pipeline.store.checks.violation import Violation
from pipeline.store.moves import Moves
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume

SECOND_LOOK_SECONDS = 1.0
_ROUNDS = 4
_FIRST = frozenset({"folder-missing", "not-a-file"})
"""What others rest on."""


@dataclass(frozen=True, slots=True)
class Examination:
    """How to check a volume: `deep` reads every byte; `decode`, unless it is None, checks renditions."""

    volume: Volume
    deep: bool = True
    decode: Decode | None = None

    def all(
        self, progress: Callable[[Iterable[Path]], AbstractContextManager[Iterable[Path]]] = nullcontext
    ) -> list[Violation]:
        """Every violation that a second check confirms; raises `OSError` if the volume is not there."""
        with progress(images(self.volume)) as folders:
            return self.of(folders)

    def of(self, folders: Iterable[Path]) -> list[Violation]:
        """The violations of these images, and of everything that is no image."""
        suspects = {folder: found for folder in folders if (found := list(self._image(folder)))}
        around = list(self._around())
        if not suspects and not around:
            return []
        time.sleep(SECOND_LOOK_SECONDS)
        again = [v for folder, found in suspects.items() if folder.exists() for v in _both(found, self._image(folder))]
        return reconcile(self.volume, [*again, *_both(around, self._around())])

    def _image(self, folder: Path) -> Iterator[Violation]:
        return check_image(self.volume, folder, self.decode, deep=self.deep)

    def _around(self) -> Iterator[Violation]:
        for check in (check_tree, check_outbox, check_trash, check_claims):
            yield from check(self.volume)


def _both(first: Iterable[Violation], second: Iterable[Violation]) -> list[Violation]:
    seen = {(violation.code, violation.where) for violation in first}
    return [violation for violation in second if (violation.code, violation.where) in seen]


@dataclass(frozen=True, slots=True)
class Repaired:
    """The violations found, also while repairing, and those left."""

    found: list[Violation]
    left: list[Violation]


def repair(examination: Examination, found: list[Violation], say: Callable[[str], None] = lambda _: None) -> Repaired:
    """Repair what can be repaired, then what that reveals, until nothing is left to do.

    `say` gets the reason if a repair could not be done. Raises `OSError` if the volume is gone.
    """
    total, new = list(found), list(found)
    left: list[Violation] = []
    for _ in range(_ROUNDS):
        examination.volume.layout.images.stat()
        new.sort(key=lambda violation: violation.code not in _FIRST)
        failed = [violation for violation in new if not _repaired(violation, say)]
        left += failed
        if len(failed) == len(new):
            break
        touched = {folder for violation in total for folder in _touched(violation)}
        seen = {(v.code, v.where): v for v in examination.of(sorted(touched))}
        gone = [v for v in left if (v.folder is None or v.folder in touched) and (v.code, v.where) not in seen]
        left = [violation for violation in left if violation not in gone]
        new = [v for key, v in seen.items() if key not in {(v.code, v.where) for v in left}]
        total += new
    return Repaired(total, left)


def _touched(violation: Violation) -> Iterator[Path]:
    """The image folders to check again."""
    targets = violation.repair.targets if isinstance(violation.repair, Moves) else []
    for path in (violation.folder, *targets):
        folder = path if path is None or is_id(path.name) else path.parent
        if folder is not None and is_id(folder.name) and folder.exists():
            yield folder


def _repaired(violation: Violation, say: Callable[[str], None]) -> bool:
    if violation.repair is None:
        return False
    try:
        violation.repair()
    except (OSError, GalleryError, Busy, ValueError) as error:
        say(f"{violation.where}: {str(error) or 'a live process is working on it'}")
        return False
    return True
