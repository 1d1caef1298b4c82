"""Who may import whom: a layer uses those below it, and none beside or above."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from pipeline.queue import safe_job
from worker import regeneration, thumbnails

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "web", "worker", "cli", "launcher")

# From the bottom up. Each layer may import itself and those that are listed beside it.
_BASICS = {"pipeline.errors"} | {f"pipeline.{path.stem}" for path in (ROOT / "pipeline").glob("[a-z]*.py")} - {
    "pipeline.records",
    "pipeline.settings",
    "pipeline.span_attributes",
}
_FACTS = {*_BASICS, "pipeline.images", "pipeline.records", "pipeline.settings", "pipeline.span_attributes"}
_SHARED = {*_FACTS, "pipeline.volume", "pipeline.store", "pipeline.queue"}
LAYERS: dict[str, set[str]] = {
    **dict.fromkeys(_BASICS, _BASICS),
    "pipeline.images": _BASICS,
    "pipeline.records": {*_BASICS, "pipeline.images"},
    "pipeline.settings": {*_BASICS, "pipeline.images"},
    "pipeline.span_attributes": {*_BASICS, "pipeline.images", "pipeline.records"},
    "pipeline.volume": _FACTS,
    "pipeline.store": {*_FACTS, "pipeline.volume"},
    "pipeline.queue": {*_FACTS, "pipeline.volume"},
    "pipeline": _FACTS,
    "worker.engine": {*_BASICS, "pipeline.images"},
    "worker": {*_SHARED, "worker.engine"},
    "web": _SHARED,
    "cli": {*_SHARED, "worker"},  # the doctor decodes where workers are installed
    "launcher": _SHARED,
}
FORBIDDEN = {
    "pipeline": {"flask", "PIL", "gunicorn"},
    "web": {"PIL", "pillow_heif"},
    "worker": {"flask", "gunicorn"},
    "worker.engine": {"redis", "rq"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path, known: set[str], *, at_once: bool = False) -> Iterator[str]:
    """The modules that a file imports, also within functions; `at_once`: those alone that importing it imports."""
    tree = ast.parse(path.read_text())
    nodes = list(tree.body) if at_once else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module


def layer(module: str, names: set[str]) -> str | None:
    fitting = [name for name in names if module == name or module.startswith(f"{name}.")]
    return max(fitting, key=len, default=None)


def test_each_layer_uses_those_below_it_alone() -> None:
    known = {name for name, _ in modules()}
    wrong = []
    for name, path in modules():
        ours = layer(name, set(LAYERS))
        assert ours is not None, name
        for other in imports(path, known):
            theirs = layer(other, set(LAYERS))
            if theirs is not None and theirs != ours and theirs not in LAYERS[ours]:
                wrong.append(f"{name} imports {other}")
    assert wrong == []


def packages(module: str) -> set[str]:
    """Those that a module is in."""
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def test_no_imports_go_in_a_circle() -> None:
    known = {name for name, _ in modules()}
    graph = {}
    for name, path in modules():
        imported = {one for one in imports(path, known, at_once=True) if one in known} - {name}
        # a module's packages are imported before it
        graph[name] = (imported | {parent for one in imported for parent in packages(one)}) - packages(name) - {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def loaded_by(*names: str) -> set[str]:
    """The packages that importing these modules loads."""
    code = f"import sys, {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_only_the_process_that_decodes_loads_a_decoder() -> None:
    ours = ("worker.__main__", "worker.regeneration", "worker.render_process.rendition_size", "cli.doctor")
    loaded = loaded_by(*ours)
    assert "rq" in loaded
    assert not {"PIL", "pillow_heif", "cykooz_resizer"} & loaded


def test_what_only_becomes_gunicorn_loads_no_service() -> None:
    assert not {"flask", "rq", "rq_dashboard", "gunicorn"} & loaded_by("web.__main__")
    assert not {"flask", "rq_dashboard", "gunicorn"} & loaded_by("web.dashboard.__main__")


def test_web_decodes_nothing_and_workers_speak_no_http() -> None:
    known = {name for name, _ in modules()}
    for name, path in modules():
        for package, forbidden in FORBIDDEN.items():
            if name == package or name.startswith(f"{package}."):
                found = {one.split(".")[0] for one in imports(path, known)} & forbidden
                assert not found, f"{name} imports {found}"


@pytest.mark.parametrize(
    ("name", "function"),
    [
        (safe_job.JOB, thumbnails.make_thumbnail),
        (safe_job.VIEW_JOB, thumbnails.make_view),
        (safe_job.REGENERATE_JOB, regeneration.regenerate_thumbnails),
        (safe_job.FACTS_JOB, regeneration.read_camera_facts),
    ],
)
def test_the_jobs_named_in_the_queue_exist(name: str, function: Callable[[str], None]) -> None:
    assert f"{function.__module__}.{function.__name__}" == name
    assert list(inspect.signature(function).parameters) == ["image_id"]
