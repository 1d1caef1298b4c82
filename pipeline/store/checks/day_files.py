"""The rules of the files that hold the records of whole days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.store import repairs
from pipeline.store.checks.disk import entries
from pipeline.store.checks.tree import not_a_file, stray, unreadable
from pipeline.store.checks.violation import Violation, printable
from pipeline.store.day_file import Condition, examine, is_abandoned
from pipeline.volume.files import is_temporary
from pipeline.volume.layout import is_day
from pipeline.volume.volume import Volume


def check_day_files(volume: Volume) -> Iterator[Violation]:
    """The rules of `days`. What such a file tells is no rule: it is compared with the images whenever it is used."""
    for entry in entries(volume.layout.days):
        path, where = Path(entry), printable(Path(entry), volume.layout.root)
        if is_temporary(entry.name) and entry.is_file(follow_symlinks=False):
            if is_abandoned(volume, entry.name):
                yield Violation("half-written", where, "Left by a crash.", repairs.remove_file(path))
        elif not is_day(entry.name):
            yield stray(volume, entry)
        elif not entry.is_file(follow_symlinks=False):
            yield not_a_file(volume, entry)
        else:
            yield from _check(volume, path, where)


def _check(volume: Volume, path: Path, where: str) -> Iterator[Violation]:
    try:
        if examine(volume, path) is Condition.DAMAGED:
            sentence = "It is damaged, or of another volume; the sweep writes it anew."
            yield Violation("day-file-damaged", where, sentence, repairs.remove_file(path))
    except FileNotFoundError:
        return
    except OSError as error:
        yield unreadable(volume, path, error)
