"""A worker's heartbeat file, which its liveness probe looks at."""

from __future__ import annotations

from pathlib import Path

from tests.product import Gallery, until


def beats(gallery: Gallery, file: Path, count: int) -> None:
    """Wait for so many touches of the file, none more than three minutes after the last, as the probe wants."""
    until(file.exists, 60)
    for _ in range(count):
        last = file.stat().st_mtime_ns
        until(lambda last=last: file.stat().st_mtime_ns > last, 170)  # type: ignore[misc]


def test_a_worker_beats_while_there_is_no_redis(bare: Gallery, tmp_path: Path) -> None:
    bare.start("worker", "worker", GALLERY_HEARTBEAT_FILE=str(tmp_path / "beat"))
    beats(bare, tmp_path / "beat", 3)


def test_a_worker_beats_while_there_is_nothing_to_do(bare: Gallery, tmp_path: Path) -> None:
    bare.start_redis()
    bare.start("worker", "worker", GALLERY_HEARTBEAT_FILE=str(tmp_path / "beat"))
    beats(bare, tmp_path / "beat", 2)
