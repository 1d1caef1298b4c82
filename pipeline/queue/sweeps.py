"""The last sweeps, as the workers reported them to Redis: for people who watch, nothing rests on it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.queue.image_queues import ImageQueues

SWEEPS = "gallery:sweeps"
MOST = 12


@dataclass(frozen=True, slots=True)
class SweepReport:
    """The end of a sweep by Redis's clock, how long it took, who swept, and what was put right by kind.

    `times` sweeps in a row that found nothing are one report, of the last of them.
    """

    at: float
    seconds: float
    worker: str
    found: dict[str, int]
    times: int = 1


def report(queue: ImageQueues, seconds: float, worker: str, found: dict[str, int]) -> None:
    """Report a sweep; raises `QueueUnavailable`."""
    found = {kind: number for kind, number in found.items() if number}
    with queue.guarded():
        moment: Any = queue.connection.time()
        latest: Any = queue.connection.lindex(SWEEPS, 0)
        before = None if found else _read(latest)
        quiet = before is not None and not before.found
        times = before.times + 1 if before and quiet else 1
        text = json.dumps(asdict(SweepReport(float(moment[0]), round(seconds, 3), worker, found, times)))
        with queue.connection.pipeline() as pipeline:
            if quiet:
                pipeline.lpop(SWEEPS)
            pipeline.lpush(SWEEPS, text)
            pipeline.ltrim(SWEEPS, 0, MOST - 1)
            pipeline.execute()


def recent(queue: ImageQueues) -> list[SweepReport]:
    """The last sweeps, newest first; skips what cannot be read. Raises `QueueUnavailable`."""
    with queue.guarded():
        texts: Any = queue.connection.lrange(SWEEPS, 0, MOST - 1)
    return [one for one in map(_read, texts) if one]


def _read(text: bytes | None) -> SweepReport | None:
    with suppress(ValueError, TypeError, AttributeError, KeyError):
        told = json.loads(text or b"")
        found = {str(kind): int(number) for kind, number in told["found"].items()}
        return SweepReport(
            float(told["at"]), float(told["seconds"]), str(told["worker"])[:120], found, int(told["times"])
        )
    return None
