"""Who imports whom, and the one name that web and worker share."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from pipeline import jobs
from worker import thumbnails

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


def test_the_job_named_in_the_queue_exists() -> None:
    assert f"{thumbnails.__name__}.{thumbnails.make_thumbnail.__name__}" == jobs.JOB
    assert list(inspect.signature(thumbnails.make_thumbnail).parameters) == ["image_id"]
