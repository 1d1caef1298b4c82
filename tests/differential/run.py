"""One run: files through both decoders, and what became of each."""

from __future__ import annotations

import io
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pipeline.errors import GalleryError
from pipeline.images.formats import Limits, check_bounds, read_header
from tests.cases import Case
from tests.differential.compare import END, differences
from tests.differential.decoders import HeifProgram, Nothing, Ours, Shown, Vips, second_for
from tests.differential.explained import Subject, reason_for
from tests.fuzz import mutated, seeds

# Larger ones are for the bounds to judge.
_PIXELS = 20_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file by its name, and what it was before its accidents."""

    name: str
    data: bytes
    whole: bytes


@dataclass(slots=True)
class Differential:
    """`ends` counts how files ended, `explained` how often each reason was needed, and `wrong` lists disagreements
    that have none; their files are kept in `keep`."""

    keep: Path
    ends: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, files: Iterable[File], seconds: float = float("inf")) -> None:
        """Until there are no more files, or time is up."""
        end = time.monotonic() + seconds
        ours, vips, heif = Ours(self.keep), Vips(), HeifProgram(self.keep)
        try:
            for file in files:
                if time.monotonic() >= end:
                    break
                self.ends[self._one(file, ours, vips, heif)] += 1
        finally:
            ours.stop()
            vips.stop()

    def report(self) -> str:
        """All of it, in lines."""
        ends = [f"{number:8} {end}" for end, number in self.ends.most_common()]
        reasons = [f"{number:8} {reason}" for reason, number in self.explained.most_common()]
        return "\n".join([*ends, "explained:", *reasons, "not explained:", *self.wrong])

    def _one(self, file: File, ours: Ours, vips: Vips, heif: HeifProgram) -> str:
        data = file.data
        try:
            header = read_header(io.BytesIO(data))
            check_bounds(header, Limits())
        except GalleryError:
            return "refused"
        if header.pixels > _PIXELS:
            return "too large to compare"
        if (second := second_for(header, vips, heif)) is None:
            return f"no second decoder for {header.format.label}"
        made, theirs = ours.show(data), second.show(data)
        notes = made.notes if isinstance(made, Shown) else ()
        refusal = made.reason if isinstance(made, Nothing) else ""
        subject = Subject(data, file.whole, header, notes, refusal, lambda: second.finds_damage(data))
        if isinstance(made, Nothing) and isinstance(theirs, Nothing):
            return "neither shows it"
        if isinstance(made, Nothing):
            end = f"only the second shows it: {refusal}"
            # how much of a damaged file is worth showing is a matter of taste
            if file.data == file.whole and self._unexplained({END: end}, subject):
                self._keep(file, end)
            return end
        if isinstance(theirs, Nothing):
            return "only we show it"
        cut_off = any("missing" in note for note in notes)
        found = differences(made.picture, theirs.picture, where_ours_is=cut_off)
        if unexplained := self._unexplained(found, subject):
            self._keep(file, f"{'; '.join(unexplained)} {notes or ''}")
            return "differs"
        return "differs, explained" if found else "alike"

    def _unexplained(self, found: dict[str, str], subject: Subject) -> list[str]:
        """What differs and has no reason; the reasons of the rest are counted."""
        unexplained = []
        for kind, numbers in found.items():
            if reason := reason_for(kind, subject):
                self.explained[reason] += 1
            else:
                unexplained.append(f"{kind}: {numbers}")
        return unexplained

    def _keep(self, file: File, what: str) -> None:
        (self.keep / file.name).write_bytes(file.data)
        self.wrong.append(f"{file.name}: {what}")


def damaged_files(seed: int, files: Iterable[File], count: int | None = None) -> Iterator[File]:
    """The files with accidents, one after another; without end if there is no `count`."""
    random, whole = Random(seed), list(files)
    for number in itertools.count() if count is None else range(count):
        file = whole[number % len(whole)]
        yield File(f"{seed}-{number}-{file.name}", mutated(file.whole, random), file.whole)


def whole_files(cases: Iterable[Case]) -> Iterator[File]:
    """The cases, and a small file of every kind."""
    for case in cases:
        data = case.data()
        yield File(case.name, data, data)
    for name, data in seeds().items():
        yield File(name, data, data)
