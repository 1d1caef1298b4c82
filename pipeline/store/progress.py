"""What the marker of a pending image says: a line for each attempt begun, for the grid once it is there, and, if traces
are kept, for the trace that put the image into the outbox."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from pipeline.images.view_format import Kind
from pipeline.records import Record, StoredRendition, renditions_from_json, renditions_to_json
from pipeline.times import now
from pipeline.tracing import valid_traceparent


class GridFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the grid's pass found of the picture, if it ended: fields of the record."""

    width: int | None = None
    height: int | None = None
    placeholder: str | None = None
    color: str | None = None
    notes: tuple[str, ...] | None = None
    kind: Kind | None = None
    taken_at: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure: str | None = None


_LOOK = ("placeholder", "color")
"""Facts that are those of the grid: without them, those of an earlier one are wrong."""


class Trace(msgspec.Struct, frozen=True):
    """The W3C traceparent of what put an image into the outbox, and when that was."""

    traceparent: str
    at: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A pending image's record with what its marker tells; the attempts begun at the current pass (the grid, and once
    that is there the view), whether any was begun at all, and the image's trace."""

    record: Record
    attempts: int = 0
    has_attempts: bool = False
    trace: Trace | None = None


def progress(record: Record, marker: bytes) -> Progress:
    """Read a marker, line by line; a line torn by a power loss was never written."""
    attempts, has_attempts, trace = 0, False, None
    for line in _lines(marker):
        if "started_at" in line:
            attempts, has_attempts = attempts + 1, True
            record = record.with_(attempts=attempts, worker=line.get("worker"))
            if record.started_at is None or "grid" not in record.renditions:
                record = record.with_(started_at=line["started_at"], queued_at=line.get("queued_at"))
        elif "renditions" in line:
            with suppress(KeyError, ValueError):  # one that a newer release wrote in another way says nothing to us
                record = _with_grid(record, line)
                attempts = msgspec.convert(line.get("attempts", 1), int)
        elif "traceparent" in line:
            trace = _trace(line)
    return Progress(record, attempts, has_attempts, trace)


def attempt_line(started_at: str, worker: str, queued_at: str | None) -> bytes:
    """The line of an attempt that begins."""
    return _line({"started_at": started_at, "worker": worker, "queued_at": queued_at})


def grid_line(grid: StoredRendition, recipe: int, *, attempts: int, facts: GridFacts) -> bytes:
    """The line that says that the grid is there; `attempts` are those at the view that have begun by then: one if the
    attempt that made the grid goes on."""
    made = renditions_to_json({"grid": grid})
    return _line({"renditions": made, "recipe": recipe, "attempts": attempts, **msgspec.to_builtins(facts)})


def trace_line(traceparent: str) -> bytes:
    """The line of the trace that puts an image into the outbox."""
    return _line({"traceparent": traceparent, "at": now()})


def read_trace(mark: bytes) -> Trace | None:
    """The trace that a mark tells of, if it is one."""
    return next((_trace(line) for line in _lines(mark) if "traceparent" in line), None)


def _trace(line: dict[str, Any]) -> Trace | None:
    """A trace that cannot be read is none: no picture waits for one."""
    with suppress(ValueError):
        trace = msgspec.convert(line, Trace)
        if valid_traceparent(trace.traceparent) and datetime.fromisoformat(trace.at).tzinfo:
            return trace
    return None


def _with_grid(record: Record, line: dict[str, Any]) -> Record:
    found = msgspec.structs.asdict(msgspec.convert(line, GridFacts))
    known = {name: value for name, value in found.items() if value is not None or name in _LOOK}
    return record.with_(renditions=renditions_from_json(line["renditions"]), recipe=line["recipe"], **known)


def _line(plain: dict[str, Any]) -> bytes:
    return f"\n{json.dumps(plain)}\n".encode()


def _lines(marker: bytes) -> list[dict[str, Any]]:
    lines = []
    for line in marker.splitlines():
        with suppress(ValueError, RecursionError):
            if isinstance(found := json.loads(line), dict):
                lines.append(found)
    return lines
