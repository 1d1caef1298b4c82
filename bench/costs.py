"""What one upload costs each part, and what a million of them a day ask for."""

from __future__ import annotations

import os
from pathlib import Path

from redis import Redis

from bench.common import CORES, Product, arguments, number, product
from bench.memory import family, send
from bench.photos import MIXED, copies, pictures
from bench.report import save, table
from pipeline.queue.connection import connect
from pipeline.queue.events import STREAM

_TICKS = os.sysconf("SC_CLK_TCK")
_DAY = 1_000_000 / 86_400
_PEAK = 5


def main() -> None:
    """Count processor time, commands and bytes over a stretch of uploads."""
    options = arguments(__doc__)
    count = 10 if options.quick else 40
    originals = pictures(MIXED, options.photos)
    with product(workers=CORES) as running:
        redis = connect(running.redis_url, timeout=5)
        send(running, list(copies(originals, 6, 10_000)))
        images = running.data / "images"
        before = _processor(running), _commands(redis), _bytes(images), _memory(redis)
        send(running, list(copies(originals, count)))
        after = _processor(running), _commands(redis), _bytes(images), _memory(redis)
    seconds = {role: (after[0][role] - before[0][role]) / count for role in after[0]}
    commands, stored, kept = ((b - a) / count for a, b in zip(before[1:], after[1:], strict=True))
    sizes = sum(map(len, originals)) / len(originals)
    save("costs", {"seconds": seconds, "commands": commands, "stored": stored, "redis_bytes": kept, "upload": sizes})
    rows: list[list[object]] = [
        [f"{role}: processor", f"{number(cost * 1000)} ms", *(f"{number(cost * rate)} cores" for rate in _rates())]
        for role, cost in seconds.items()
    ]
    rows += [
        ["Redis: commands", number(commands), *(f"{number(commands * rate)} a second" for rate in _rates())],
        ["Redis: memory of a job that ended, for an hour", f"{number(kept / 1000)} KB",
         *(f"{number(kept * rate * 3600 / 1e6)} MB" for rate in _rates())],
        ["volume: written", f"{number(stored / 1e6)} MB",
         *(f"{number(stored * rate / 1e6)} MB/s" for rate in _rates())],
        ["volume: kept", f"{number(stored / 1e6)} MB", f"{number(stored * _DAY * 86400 / 1e12)} TB a day", ""],
        ["network: uploads", f"{number(sizes / 1e6)} MB",
         *(f"{number(sizes * 8 * rate / 1e6)} Mbit/s" for rate in _rates())],
    ]  # fmt: skip
    head = ["what", "one upload", "a million a day", f"its busiest hour, {_PEAK} × that"]
    table("costs", head, rows, f"{count} of the mixed photos; processor time of all threads and processes of a part.")


def _rates() -> tuple[float, float]:
    return _DAY, _DAY * _PEAK


def _processor(running: Product) -> dict[str, float]:
    """Seconds that each part has used."""
    used: dict[str, float] = {}
    for name, process in running.processes.items():
        role = name.partition(".")[0]
        for pid in family(process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            used[role] = used.get(role, 0) + (int(fields[11]) + int(fields[12])) / _TICKS
    return used


def _commands(redis: Redis) -> float:
    return float(redis.info("stats")["total_commands_processed"])


def _memory(redis: Redis) -> float:
    """Without the stream of events, which is cut at a length of its own."""
    return float(redis.info("memory")["used_memory"]) - float(redis.memory_usage(STREAM, samples=0) or 0)


def _bytes(folder: Path) -> float:
    """As the file system counts them, with what a file's last block leaves empty."""
    return float(sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")))


if __name__ == "__main__":
    main()
