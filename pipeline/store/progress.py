"""What the marker of a pending image says: a line for each attempt begun, and for the renditions made so far."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from pipeline.records import Record, renditions_from_json


def read_lines(marker: bytes) -> list[dict[str, Any]]:
    """The lines of a marker, in their order; a line torn by a power loss was never written."""
    lines = []
    for line in marker.splitlines():
        with suppress(ValueError):
            if isinstance(found := json.loads(line), dict):
                lines.append(found)
    return lines


def attempts_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The attempts begun."""
    return [line for line in lines if "started_at" in line]


def with_progress(record: Record, marker: bytes) -> Record:
    """A pending image's record with the attempts begun and the renditions made so far."""
    lines = read_lines(marker)
    if attempts := attempts_of(lines):
        last = attempts[-1]
        record = record.with_(attempts=len(attempts), started_at=last.get("started_at"), worker=last.get("worker"))
    for line in lines:
        with suppress(KeyError, ValueError):  # one that a newer release wrote in another way says nothing to us
            record = record.with_(renditions=renditions_from_json(line["renditions"]), recipe=line["recipe"])
    return record
