"""Work on many items in parallel. Every item gets exactly one verdict, however the work ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from threading import Event
from types import FrameType
from typing import NoReturn, TypeVar

import click

from cli.exit_statuses import INTERRUPTED, leave
from cli.verdicts import printable

_LOOK_SECONDS = 0.2
_LAST_SECONDS = 5.0

Item = TypeVar("Item")
Verdict = TypeVar("Verdict")


def in_parallel(
    items: Iterable[Item], process: Callable[[Item], Verdict], jobs: int, stopped: Event, left: Verdict
) -> Iterator[tuple[Item, Verdict]]:
    """Each item with its verdict, in order of completion; `left` for those unfinished when `stopped` is set.

    At most twice `jobs` items are in progress at once. Call it where `ctrl_c_sets` the same `stopped`.
    """
    source = iter(items)
    running: dict[Future[Verdict], Item] = {}
    pool = ThreadPoolExecutor(jobs)
    try:
        while not stopped.is_set():
            for item in islice(source, 2 * jobs - len(running)):
                running[pool.submit(process, item)] = item
            if not running:
                break
            yield from _ended(running, left)
        pool.shutdown(wait=False, cancel_futures=True)
        end = time.monotonic() + _LAST_SECONDS
        while running and time.monotonic() < end:
            yield from _ended(running, left)
        yield from ((item, left) for item in (*running.values(), *source))
    except BaseException:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _ended(running: dict[Future[Verdict], Item], left: Verdict) -> Iterator[tuple[Item, Verdict]]:
    done, _ = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), left if future.cancelled() else future.result()


@contextmanager
def ctrl_c_sets(stopped: Event) -> Iterator[None]:
    """Have the first Ctrl-C set `stopped`, and the second one end the process at once."""
    pressed = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            os._exit(INTERRUPTED)
        pressed = True
        stopped.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def finish(halted: Exception | None, stopped: Event, *, needs_attention: bool) -> NoReturn:
    """End a command whose verdicts are printed: 0, 1 if something is left, 2 if it was halted, 130 after Ctrl-C."""
    if halted is not None or stopped.is_set():
        click.echo(printable(f"{halted or 'Stopped.'} Run it again to go on."), err=True)
        leave(2 if halted else INTERRUPTED)
    sys.exit(1 if needs_attention else 0)
