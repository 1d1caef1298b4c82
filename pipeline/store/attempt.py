"""An attempt that was begun: what it writes, and the five ways in which it ends."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from pipeline.errors import GalleryError, ImageNotFound
from pipeline.images.header import Format
from pipeline.records import MAX_ATTEMPTS, RENDITIONS, Record, State, StoredReason, StoredRendition
from pipeline.store import failure_marks, outbox
from pipeline.store.progress import GridFacts, Progress, grid_line
from pipeline.store.reading import unless_deleted
from pipeline.store.renditions import has_grid, remove_former
from pipeline.times import now
from pipeline.volume.files import put_whole, remove_temporaries, write_all
from pipeline.volume.volume import Volume


class Attempt:
    """Made by `attempts.attempt`, which holds the lock on the image meanwhile.

    `progress_before` is what the open `marker` said before this attempt, and `rollback_offset` is where that ends in
    it. `number` counts from 1, at the grid and then at the view; `exhausted` says that no attempt is left, so that this
    one can only fail; `has_grid` that the view alone is left to make, and `is_first` that the image was never made
    before.

    The attempt ends by `finish`, by `hand_on`, by `fail`, by `roll_back` (it does not count: the volume was at fault,
    or the worker was told to stop), or it stays counted because the process died.
    """

    def __init__(
        self,
        volume: Volume,
        record: Record,
        marker: FileIO,
        rollback_offset: int,
        progress_before: Progress,
        *,
        is_first: bool,
    ) -> None:
        self.record = record
        self.progress_before = progress_before
        self.exhausted = progress_before.attempts >= MAX_ATTEMPTS
        self.number = progress_before.attempts + (0 if self.exhausted else 1)
        self.is_first = is_first
        self.has_grid = has_grid(record)
        self._volume = volume
        self._marker = marker
        self._rollback_offset = rollback_offset
        # no record names a rendition, and no attempt that counts has left one
        self._has_no_leftovers = is_first and not progress_before.has_attempts
        self._shown = b""
        self.open = True
        self.is_handed_on = False

    @property
    def is_last(self) -> bool:
        """Whether no other attempt follows at this pass; if the grid was shown, this is the first one at the view."""
        return (1 if self._shown else self.number) >= MAX_ATTEMPTS

    @property
    def original(self) -> Path:
        """The original's path, for the renderer to read."""
        return self._volume.layout.image(self.record.id) / self.record.original

    def put(self, name: str, data: bytes, width: int, height: int, format_: Format = Format.WEBP) -> None:
        """Write a rendition whole, its bytes flushed; its name is, with those of the others, before the end."""
        put = self._volume.put_first if self._has_no_leftovers else put_whole
        with self.unless_deleted():
            put(self._volume.layout.rendition(self.record.id, name, format_), data)
        infos = {**self.record.renditions, name: StoredRendition.of(data, width, height, format_)}
        self.record = self.record.with_(renditions=infos)

    def show(self, recipe: int) -> None:
        """Let readers see the grid; this attempt goes on with the view."""
        self._show(recipe, attempts=1, facts=GridFacts())

    def hand_on(self, recipe: int, **facts: Any) -> Record:
        """The grid is there, and readers see it: this pass ends, and the view is left to another. The image stays in
        the outbox."""
        self.record = self.record.with_(**facts)
        self._show(recipe, attempts=0, facts=GridFacts(**facts))
        outbox.mark_has_grid(self._marker.fileno())
        self.open, self.is_handed_on = False, True
        return self.record

    def _show(self, recipe: int, *, attempts: int, facts: GridFacts) -> None:
        """Not flushed: if the line or the file is lost, the next attempt notices and makes the grid again."""
        self.record = self.record.with_(recipe=recipe)
        grid = self.record.renditions["grid"]
        # what `roll_back` writes back: the grid without this attempt
        self._shown = grid_line(grid, recipe, attempts=0, facts=facts)
        self._marker.seek(0, os.SEEK_END)
        write_all(self._marker.fileno(), grid_line(grid, recipe, attempts=attempts, facts=facts))
        self._volume.let_others_read(self._marker.fileno())

    def finish(self, **facts: Any) -> Record:
        """All renditions are on disk: the image is ready, and leaves the outbox."""
        if missing := set(RENDITIONS) - self.record.renditions.keys():
            raise RuntimeError(f"not ready without {', '.join(sorted(missing))}")
        return self._end(State.READY, reason=None, **facts)

    def fail(self, error: GalleryError) -> Record:
        """No thumbnail can be made: the image is failed with a reason, and leaves the outbox."""
        failure_marks.note_failure(self._volume, self.record.id, self.progress_before.trace)
        try:
            return self._end(State.FAILED, reason=StoredReason.of(error))
        except ImageNotFound:
            failure_marks.drop_failure(self._volume, self.record.id)
            raise

    def roll_back(self) -> None:
        """Take the attempt back; the image stays in the outbox, and a grid that was shown stays visible."""
        self._marker.truncate(self._rollback_offset)
        if self._shown:
            self._marker.seek(0, os.SEEK_END)
            with suppress(OSError):  # on a full volume it is made once more
                write_all(self._marker.fileno(), self._shown)
                outbox.mark_has_grid(self._marker.fileno())
        os.fsync(self._marker.fileno())
        self.open = False

    def _end(self, state: State, **facts: Any) -> Record:
        self.record = self.record.with_(state=state, attempts=self.number, finished_at=now(), **facts)
        path = self._volume.layout.record(self.record.id)
        with self.unless_deleted(), self._volume.folders.flushing(path.parent) as flush:
            if self.record.renditions:
                flush()
            put_whole(path, self.record.to_json())
            flush()
        with suppress(OSError):
            if os.fstat(self._marker.fileno()).st_nlink > 1:  # a delete that was killed had linked it into the folder
                remove_temporaries(path.parent)
        if state is State.FAILED or not self._has_no_leftovers:  # one that was rolled back may have left some too
            remove_former(self._volume.layout.image(self.record.id), self.record)
        self.open = False
        with suppress(OSError):
            self._marker.close()  # before it is removed: over NFS, it would be renamed first if it were open
        outbox.remove(self._volume, self.record.id)
        return self.record

    def unless_deleted(self) -> AbstractContextManager[None]:
        """A context in which a missing file raises `ImageNotFound` if the image was deleted meanwhile."""
        return unless_deleted(self._volume, self.record.id)

    def has_original(self) -> bool:
        """Whether the original is in its folder, by a fresh look; raises `OSError`."""
        return self.original.name in os.listdir(self.original.parent)
