"""The tables of the documentation are the code's: every setting, call, metric, alert and verdict, and no other."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from flask import Flask

from cli import export, importing
from cli.__main__ import _COMMANDS
from pipeline.settings import Settings
from tests import documented, documents
from tests.deployment import defaults, settings_read
from tests.documented import Call
from tests.documents import PAGES
from tests.product import ROOT
from tests.test_monitoring import labels
from web import create_app
from web.api.operations import OPERATIONS

README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operations.md").read_text()
SETTINGS = documented.rows(README, "| setting | default |")
CALLS = documented.rows(README, "| call | answer |")
METRICS = documented.rows(OPERATING, "| metric | of |")
ALERTS = documented.rows(OPERATING, "| alert | what it means |")
COMMANDS = documented.rows(README, "| command | does |")


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings.from_environment({"GALLERY_DATA": str(tmp_path), "GALLERY_CACHE": f"{tmp_path}-cache"}))


def test_the_settings_of_the_readme_are_those_that_are_read() -> None:
    assert set(documented.settings(SETTINGS)) == settings_read()


@pytest.mark.parametrize(("name", "default"), documented.settings(SETTINGS).items())
def test_the_default_of_a_setting_is_as_the_readme_says(name: str, default: str) -> None:
    if re.fullmatch(r"[\w.]+", default) and default != "none":
        assert Settings.from_environment({name: default}) == defaults()


def test_the_calls_of_the_readme_are_those_that_are_answered(app: Flask) -> None:
    assert set(documented.calls(CALLS)) == set(answered(app))


def test_the_parameters_in_the_readme_are_those_of_the_description(app: Flask) -> None:
    found = documented.calls(CALLS)
    for call, endpoint in answered(app).items():
        if (operation := OPERATIONS.get(endpoint)) is not None:
            assert found[call] == {each.name for each in operation.parameters if each.place == "query"}, call


def answered(app: Flask) -> dict[Call, str]:
    """Every method and path that the app answers, and the endpoint that does."""
    found = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:path:)?(\w+)>", lambda name: f"<{name[1].removeprefix('image_')}>", rule.rule)
        choices = re.search(r"<any\(([^)]*)\):\w+>", path)
        for choice in choices[1].split(",") if choices else [""]:
            one = path.replace(choices[0], choice.strip()) if choices else path
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found[method, one] = rule.endpoint
    return {call: endpoint for call, endpoint in found.items() if endpoint != "static"}


def test_the_metrics_of_the_operators_page_are_those_that_there_are() -> None:
    assert documented.metrics(METRICS) == labels()


def test_every_alert_has_a_recipe_and_every_recipe_an_alert() -> None:
    files = [(ROOT / "monitoring" / name).read_text() for name in ("alerts.yml", "objectives.yml")]
    alerts = [name for text in files for name in re.findall(r"alert: (\w+)", text)]
    assert sorted(name for row in ALERTS for name in documented.code(documented.cells(row)[0])) == sorted(alerts)


def test_every_alert_names_the_place_where_its_recipe_stands() -> None:
    for name in ("alerts", "objectives"):
        rules = yaml.safe_load((ROOT / "monitoring" / f"{name}.yml").read_text())["groups"][0]["rules"]
        named = {rule["annotations"]["runbook"] for rule in rules if "alert" in rule}
        (page, _, place) = "".join(named).partition("#")
        assert place in documented.places((ROOT / page).read_text())


def test_the_commands_of_the_readme_are_those_that_there_are() -> None:
    names = [documented.code(documented.cells(row)[0])[0].split()[1] for row in COMMANDS]
    assert sorted(names) == sorted(_COMMANDS)


@pytest.mark.parametrize(
    ("table", "read"),
    [(SETTINGS, documented.settings), (CALLS, documented.calls), (METRICS, documented.metrics)],
    ids=["settings", "calls", "metrics"],
)
def test_no_row_can_be_deleted_unnoticed(table: list[str], read: Callable[[list[str]], dict[Any, Any]]) -> None:
    assert len(table) > 15
    for number, row in enumerate(table):
        assert read(table[:number] + table[number + 1 :]) != read(table), row


@pytest.mark.parametrize(("name", "module"), [("import", importing), ("export", export)])
def test_the_verdicts_of_a_command_and_their_exit_statuses_are_written_down(name: str, module: ModuleType) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    table = page.partition(f"`gallery {name}`:")[2].partition("\n\n`gallery")[0]
    rows = dict(re.findall(r"^\| `([a-z ]+)` \|.*\| ([0-9][^|]*) \|$", table, re.MULTILINE))
    words = set(re.findall(r'(?:Verdict\(|else |STRIPPED = )"([a-z ]+)"', inspect.getsource(module)))
    assert words == set(rows)
    assert {word for word, status in rows.items() if status != "0"} == module._BAD


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_pages_leads_somewhere(page: str) -> None:
    for link in (*documents.links(page), *documents.pictures(page)):
        if not re.match(r"https?:", link):
            name, _, place = link.partition("#")
            target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
            assert target.is_file(), link
            assert target.is_relative_to(ROOT), link
            assert not place or place in documented.places(target.read_text()), link


@pytest.mark.parametrize("page", PAGES)
def test_no_page_loads_anything_from_another_host(page: str) -> None:
    assert not [picture for picture in documents.pictures(page) if re.match(r"(\w+:)?//", picture)]
    assert not documents.html_with_links(page)
