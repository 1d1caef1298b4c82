"""Writing the records of each day into one file, once nothing has changed in the day for an hour.

An index is then rebuilt by reading a file for each day instead of one for each image. A busy day is not rewritten with
every upload. The work is done in small steps, behind everything else, and can be interrupted anywhere: a day's file is
a hint, and what is missing or outdated is written in a later round.
"""

from __future__ import annotations

import os
import time
from collections.abc import Container, Generator, Iterable, Iterator

import structlog

from pipeline.errors import GalleryError
from pipeline.records import Record, State
from pipeline.store import outbox
from pipeline.store.day_file import Entry, Known, Writer, draft, is_abandoned, is_newer
from pipeline.store.walk import Stamp, names_in, stamped_ids_in, stamps_in
from pipeline.volume.files import read_small_file
from pipeline.volume.layout import bucket_names, is_day
from pipeline.volume.space import space
from pipeline.volume.volume import Volume

REST_SECONDS = 3600.0
_MARGIN_BYTES = 64 * 1024 * 1024
_log = structlog.get_logger()


class DayFiles:
    """Writes the files of the days that rest, in rounds. One thread uses it; several processes may.

    In each round the days whose folders have changed since their files were written come first. Then one of the others
    is compared with its file, all of them in turn, because replacing a record does not touch the day's folder.
    """

    def __init__(self, volume: Volume, reserve: int, rest_seconds: float = REST_SECONDS) -> None:
        self._volume = volume
        self._reserve = reserve
        self._rest = rest_seconds
        self._round: Iterator[bool] | None = None
        self._turn: Iterator[str] = iter(())
        self._written: dict[str, int] = {}
        """The stamps of the days that were written here: some file systems cannot keep them with the file."""

    def work(self, seconds: float) -> int:
        """Go on for about so many seconds, or to the end of the round; how many files were written."""
        end, written = time.monotonic() + seconds, 0
        self._round = self._round or self._one_round()
        try:
            for has_written in self._round:
                written += has_written
                if time.monotonic() >= end:
                    return written
        except (OSError, GalleryError) as error:
            _log.warning("the records of a day not written into one file", error=str(error))
        self._round = None
        return written

    def _one_round(self) -> Iterator[bool]:
        layout = self._volume.layout
        layout.days.mkdir(exist_ok=True)
        days = {name: stamp for name, stamp in stamps_in(layout.images).items() if is_day(name)}
        files = stamps_in(layout.days)
        self._remove_leftovers(files, days)
        rested = self._volume.now_ns() - int(self._rest * 1e9)
        waiting = {bucket_names(image_id)[0] for image_id in outbox.pending(self._volume)}
        resting = [day for day in days if day not in waiting]
        for day in resting:
            if days[day].changed <= rested and not self._is_written(day, days[day], files.get(day)):
                yield from self._write(day, days[day], rested)
        turn = self._next(resting)
        if turn in days and turn in files and not (yield from self._is_true(turn)):
            yield from self._write(turn, days[turn], rested)

    def _is_written(self, day: str, stamp: Stamp, file: Stamp | None) -> bool:
        return file is not None and stamp.modified in (file.modified, self._written.get(day))

    def _next(self, resting: list[str]) -> str | None:
        """The day whose turn it is; None if no day rests."""
        day = next(self._turn, None)
        if day is None:
            self._turn = iter(resting)
            day = next(self._turn, None)
        return day

    def _is_true(self, day: str) -> Generator[bool, None, bool]:
        """Compare a day's file with the day; returns whether every image has its entry."""
        known = Known(self._volume, day)
        folder = self._volume.layout.images / day
        for minute in names_in(folder):
            for image_id, stamp in stamped_ids_in(folder / minute).items():
                if known.find(image_id, stamp) is None and self._read(image_id) is not None:
                    return False
            yield False
        return True

    def _write(self, day: str, stamp: Stamp, rested: int) -> Iterator[bool]:
        """Write a day's file, unless one of its images changed lately; a record whose entry is still true is copied."""
        layout, volume = self._volume.layout, self._volume
        path = layout.day_file(day)
        if not self._has_room() or is_newer(path):
            return
        temporary = draft(volume, day)
        try:
            with temporary.open("wb") as file:
                writer, known = Writer(file, volume, day), Known(volume, day)
                for minute in names_in(layout.images / day):
                    for image_id, found in stamped_ids_in(layout.images / day / minute).items():
                        if found.changed > rested:
                            return
                        # the stamp was taken first: a record that is replaced meanwhile does not fit it
                        record = known.find(image_id, found) or self._read(image_id)
                        if record is not None:
                            writer.add(Entry(image_id, found, record))
                    yield False
                writer.flush()
                file.flush()
                os.utime(file.fileno(), ns=(stamp.modified, stamp.modified))
                os.fsync(file.fileno())
            temporary.replace(path)
            volume.folders.flush(layout.days)
        finally:
            temporary.unlink(missing_ok=True)
        self._written[day] = stamp.modified
        yield True

    def _read(self, image_id: str) -> bytes | None:
        """The bytes of a record that has come to its end; all others are read from their images' folders."""
        try:
            data = read_small_file(self._volume.layout.record(image_id))
            record = Record.from_json(data)
        except (OSError, ValueError):
            return None
        has_ended = record.state in (State.READY, State.FAILED)
        return data if record.id == image_id and has_ended and not record.is_newer else None

    def _has_room(self) -> bool:
        return space(self._volume.root).free > self._reserve + _MARGIN_BYTES

    def _remove_leftovers(self, files: Iterable[str], days: Container[str]) -> None:
        """Remove the files of days that are gone, and what processes that have ended left half-written."""
        for name in files:
            if is_abandoned(self._volume, name) or (is_day(name) and name not in days):
                (self._volume.layout.days / name).unlink(missing_ok=True)
