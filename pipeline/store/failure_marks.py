"""The marks of failed images in `failed/`: each has the trace of what put the image into the outbox, if it is known."""

from __future__ import annotations

from contextlib import suppress

from pipeline.errors import ImageNotFound
from pipeline.records import State
from pipeline.store import reading
from pipeline.store.progress import Trace, read_trace, trace_line
from pipeline.volume.files import read_small_file
from pipeline.volume.volume import Volume


def note_failure(volume: Volume, image_id: str, trace: Trace | None = None) -> None:
    """Put the image among the failed ones, before its record says so; with its trace, for a retry to link to."""
    mark = volume.layout.failure(image_id)
    mark.touch(mode=0o640)
    if trace is not None:
        with suppress(OSError):
            mark.write_bytes(trace_line(trace.traceparent))
    volume.folders.flush(volume.layout.failed)


def failed_trace(volume: Volume, image_id: str) -> str | None:
    """The traceparent of what put an image that has failed into the outbox, if it is known."""
    with suppress(OSError, ValueError):
        found = read_trace(read_small_file(volume.layout.failure(image_id)))
        return found.traceparent if found else None
    return None


def drop_failure(volume: Volume, image_id: str) -> None:
    """Take the image off the failed ones."""
    volume.layout.failure(image_id).unlink(missing_ok=True)


def forget_failure(volume: Volume, image_id: str) -> bool:
    """Take an image off the failed ones, unless it failed at this moment; whether it was taken off."""
    drop_failure(volume, image_id)
    try:
        record = reading.get(volume, image_id)
        failed = record.state is State.FAILED or record.is_newer
    except ImageNotFound:
        failed = False
    if failed:
        note_failure(volume, image_id)
    return not failed
