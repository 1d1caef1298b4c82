"""Keys that another release wrote: kept apart in a field `unknown`, so that they can be written back."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

INTERNAL = frozenset({"unknown", "unknown_renditions"})
"""Fields that are no keys of a file."""


def fold(raw: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Move the keys that `kind` does not know below `unknown`."""
    known = _known(kind)
    if raw.keys() <= known:
        return raw
    folded = {key: value for key, value in raw.items() if key in known}
    folded["unknown"] = {key: value for key, value in raw.items() if key not in known}
    return folded


def unfold(plain: dict[str, Any]) -> dict[str, Any]:
    """Undo `fold`."""
    unknown: dict[str, Any] = plain.pop("unknown")
    return plain | unknown


@cache
def _known(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(kind.__struct_fields__) - INTERNAL
