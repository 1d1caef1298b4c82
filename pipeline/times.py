"""Times as records tell them: in UTC, RFC 3339 with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The time."""
    return format_rfc3339(datetime.now(UTC))


def format_rfc3339(moment: datetime) -> str:
    """A moment as records tell it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
