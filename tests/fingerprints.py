"""Functions of a library that our code overrides or relies on: the source of each, as sixteen digits."""

from __future__ import annotations

import hashlib
import inspect
import pkgutil
from typing import Any


def fingerprint(name: str) -> str:
    """Of the source of `module:function` or `module:Class.function`, so that any change of it shows."""
    function: Any = pkgutil.resolve_name(name)
    if isinstance(function, property):
        function = function.fget
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]


def overridden(ours: type, library: str) -> set[str]:
    """The names of a library's functions that a class of ours replaces."""
    found = set()
    for name, value in vars(ours).items():
        if not callable(value) and not isinstance(value, classmethod | staticmethod | property):
            continue
        base = next((base for base in ours.__mro__[1:] if name in vars(base)), object)
        if base.__module__.partition(".")[0] == library:
            found.add(f"{base.__module__}:{base.__qualname__}.{name}")
    return found
