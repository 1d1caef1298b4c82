"""An error of the system, put in the place of a function."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn


def refuse(number: int) -> Callable[..., NoReturn]:
    def refusing(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return refusing
