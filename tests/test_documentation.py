"""Every setting, endpoint, metric and alert stands in the documentation."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from cli import export, importing
from cli.__main__ import _COMMANDS
from pipeline.settings import Settings
from tests.conftest import ROOT
from tests.test_monitoring import known
from web import create_app

README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize(
    "setting",
    sorted(set(re.findall(r'"((?:GALLERY|REDIS)_[A-Z_]+)"', (ROOT / "pipeline" / "settings.py").read_text()))),
)
def test_every_setting_stands_in_the_readme(setting: str) -> None:
    assert f"`{setting}`" in README


def test_every_endpoint_stands_in_the_readme(tmp_path: Path) -> None:
    app = create_app(Settings.from_environment({"GALLERY_DATA": str(tmp_path)}))
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        path = re.sub(r"<(?:\w+(?:\(.*?\))?:)?image_id>", "<id>", rule.rule)
        tail = path.removeprefix("/api/images/<id>").removeprefix("/images/<id>") or path
        tail = tail.replace("/<any(grid, view):name>.webp", "grid.webp").lstrip("/") or "/"
        assert re.search(rf"`[^`\n]*(?:/|…/|\s|`){re.escape(tail)}[`\s?]", README) or f"`{tail}`" in README, path


@pytest.mark.parametrize("command", sorted(_COMMANDS))
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert re.search(rf"`gallery {command}[ `]", README)


@pytest.mark.parametrize(("name", "module"), [("import", importing), ("export", export)])
def test_the_verdicts_of_a_command_and_their_exit_statuses_are_written_down(name: str, module: ModuleType) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    table = page.partition(f"`gallery {name}`:")[2].partition("\n\n`gallery")[0]
    rows = dict(re.findall(r"^\| `([a-z ]+)` \|.*\| ([0-9][^|]*) \|$", table, re.MULTILINE))
    words = set(re.findall(r'(?:Verdict\(|else |STRIPPED = )"([a-z ]+)"', inspect.getsource(module)))
    assert words == set(rows)
    assert {word for word, status in rows.items() if status != "0"} == module._BAD


@pytest.mark.parametrize("metric", sorted(known()))
def test_every_metric_stands_in_operations(metric: str) -> None:
    assert re.search(rf"`{metric}[`{{]", OPERATIONS)


@pytest.mark.parametrize("alert", re.findall(r"alert: (\w+)", (ROOT / "monitoring" / "alerts.yml").read_text()))
def test_every_alert_has_a_recipe(alert: str) -> None:
    assert f"`{alert}`" in OPERATIONS


@pytest.mark.parametrize(
    "page", sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]), ids=lambda page: page.name
)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not re.match(r"https?:", link):
            assert (page.parent / link).exists(), link
