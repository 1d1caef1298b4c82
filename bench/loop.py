"""The bare loop: our own `worker.engine.render` in as many processes as there are cores, and nothing around it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.common import CORES
from pipeline.images.formats import Limits
from pipeline.images.view_format import ViewFormat
from worker.engine.picture import Rendition
from worker.engine.render import render
from worker.render_process.memory import keep_memory


def _make(job: tuple[Path, Path]) -> None:
    path, folder = job

    def publish(rendition: Rendition) -> None:
        (folder / f"{path.stem}.{rendition.name}.webp").write_bytes(rendition.data)

    with path.open("rb") as file:
        render(file, Limits(), publish, view_format=ViewFormat.WEBP)


class Loop:
    """Processes that render files and write the renditions, without a flush."""

    def __init__(self, pool: Any, folder: Path) -> None:
        self._pool, self._folder = pool, folder

    def run(self, files: Sequence[Path]) -> None:
        """Make the renditions of all files."""
        for _ in self._pool.imap_unordered(_make, [(path, self._folder) for path in files]):
            pass


@contextmanager
def loop(folder: Path) -> Iterator[Loop]:
    """The loop, with its processes started; renditions go to `folder`."""
    folder.mkdir(exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(CORES, keep_memory) as pool:
        yield Loop(pool, folder)
