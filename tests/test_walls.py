"""Who imports whom, and the one name that web and worker share."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.queue import safe_job
from worker import regeneration, thumbnails

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("pipeline", {"flask", "PIL", "web", "worker"}),
        ("web", {"PIL", "worker"}),
        ("worker", {"flask", "web"}),
    ],
)
def test_the_walls_hold(package: str, forbidden: set[str]) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in names} & forbidden, path


@pytest.mark.parametrize(
    ("name", "function"),
    [(safe_job.JOB, thumbnails.make_thumbnail), (safe_job.REGENERATE_JOB, regeneration.regenerate_thumbnails)],
)
def test_the_jobs_named_in_the_queue_exist(name: str, function: Callable[[str], None]) -> None:
    assert f"{function.__module__}.{function.__name__}" == name
    assert list(inspect.signature(function).parameters) == ["image_id"]
