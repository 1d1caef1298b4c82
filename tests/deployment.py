"""What the tests of images, Compose and manifests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


class _Recorder(Mapping[str, str]):
    """An environment with nothing in it, which remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def settings_read() -> set[str]:
    """The names of all settings."""
    recorder = _Recorder()
    Settings.from_environment(recorder)
    return recorder.names


def defaults() -> Settings:
    """The settings where nothing is set."""
    return Settings.from_environment({})


def compose() -> dict[str, Any]:
    """The services of docker-compose.yml."""
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def seconds(text: str) -> int:
    """Of a duration such as `90s`."""
    return int(text.removesuffix("s"))
