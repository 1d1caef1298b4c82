"""What the tests of images, Compose and manifests share."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher import secrets
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


def built(overlay: str, scratch: Path) -> list[dict[str, Any]]:
    """The objects of an overlay, built by kubectl from a copy of k8s/ with fresh secrets."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    tree = scratch / "k8s"
    if not tree.exists():
        shutil.copytree(ROOT / "k8s", tree, ignore=shutil.ignore_patterns("secret.env"))
        secrets.main(["--token", *(str(tree / "overlays" / name / "secret.env") for name in ("kind", "production"))])
    command = ["kubectl", "kustomize", str(tree / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


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
