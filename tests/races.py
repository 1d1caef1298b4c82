"""A step of the store that something happens at, and an error of the system that it gets."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn

from pipeline.settings import Settings
from pipeline.store import Store


def stepping(store: Store, step: Callable[[str], None], **settings: str) -> Store:
    return Store(Settings.from_environment({"GALLERY_DATA": str(store.layout.root), **settings}), step)


def refuse(number: int) -> Callable[..., NoReturn]:
    def refusing(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return refusing
