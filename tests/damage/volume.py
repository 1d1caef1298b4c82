"""A volume to damage, and what the doctor must say of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.store import Store
from pipeline.volume.layout import Layout


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume with six ready images, one that waits and one that failed, each in a minute of its own or not."""

    store: Store
    ready: list[str]
    waiting: str
    failed: str

    @property
    def layout(self) -> Layout:
        return self.store.layout

    def original(self, image_id: str) -> Path:
        return next(self.layout.image(image_id).glob("original.*"))

    def record(self, image_id: str) -> dict[str, Any]:
        raw: dict[str, Any] = json.loads(self.layout.record(image_id).read_bytes())
        return raw

    def rewrite(self, image_id: str, **changes: Any) -> None:
        self.layout.record(image_id).write_text(json.dumps(self.record(image_id) | changes))

    def claim(self, image_id: str) -> Path:
        return self.layout.claim(self.record(image_id)["sha256"])

    def place(self, path: Path) -> str:
        return str(path.relative_to(self.layout.root))


@dataclass(frozen=True, slots=True)
class Said:
    """What the doctor finds, and what of it, or of what came to light, is left after a repair: codes by place."""

    found: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    left: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def lasting(said: Mapping[str, str | tuple[str, ...]]) -> Said:
    """What is found, and left as it is."""
    return Said(said, said)


DAMAGES: dict[str, Callable[[Volume], Said]] = {}


def damage(do: Callable[[Volume], Said]) -> Callable[[Volume], Said]:
    DAMAGES[do.__name__] = do
    return do


def flip(path: Path) -> None:
    """Change one byte in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


def exchange(*paths: Path) -> None:
    """Each takes the place of the one before."""
    aside = paths[0].with_name("aside")
    paths[0].rename(aside)
    for path, place in zip(paths[1:], paths, strict=False):
        path.rename(place)
    aside.rename(paths[-1])
