"""Image ids: UUIDv7, so that sorting by id is sorting by time. Ids and hashes are each matched by one pattern."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import uuid_utils

# the leading zero keeps the time in it before the year 2527, which calendars can hold
PATTERN = re.compile(r"0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

SHA256 = re.compile(r"[0-9a-f]{64}")
"""The hash of an original, as records, claims and callers write it."""


def new_id() -> str:
    """A new id; ids made later, in any process, sort later (to the millisecond)."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return PATTERN.fullmatch(text) is not None


def least_at(moment: datetime) -> str:
    """What ids begin with that were made at this moment, to the millisecond; earlier ids sort before it."""
    digits = f"{round(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def made_at(image_id: str) -> datetime:
    """When the id was made, in UTC."""
    milliseconds = int(image_id[:8] + image_id[9:13], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
