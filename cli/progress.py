"""Progress bars: on standard error, and only if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

Item = TypeVar("Item")


def progress_bar(label: str, length: int, *, show_pos: bool = False, hidden: bool = False) -> ProgressBar[int]:
    """A bar of `length` steps, which `update` moves."""
    return click.progressbar(
        length=length, label=label, show_pos=show_pos, file=sys.stderr, hidden=hidden or _is_hidden()
    )


def progress_over(
    label: str, items: Iterable[Item], length: int | None = None, *, hidden: bool = False
) -> ProgressBar[Item]:
    """A bar that moves as `items` are taken from it; `length` says how many there are if they cannot."""
    return click.progressbar(items, length, label=label, file=sys.stderr, hidden=hidden or _is_hidden())


def _is_hidden() -> bool:
    return not sys.stderr.isatty()
