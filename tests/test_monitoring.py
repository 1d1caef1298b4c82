"""Alerts and dashboard ask for metrics that exist, and Prometheus' own tool accepts them."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from pipeline import threads
from tests.conftest import ROOT
from web import counters
from web.api import metrics as gauges
from worker import metrics

MONITORING = ROOT / "monitoring"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None and not os.environ.get("CI"), reason="promtool is not installed")
NAME = re.compile(r"\b(?:gallery|rq)_[a-z_]+")
SUFFIX = re.compile(r"_(bucket|count|sum)$")


def labels() -> dict[str, tuple[str, ...]]:
    """All metrics and their labels: web's and the workers' counters, and the gauges that are read when asked."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(gauges))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("_gauge", "GaugeMetricFamily"):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if isinstance(node.args[0], ast.Constant):
                found[node.args[0].value] = tuple(ast.literal_eval(given.get("labels", ast.List([]))))  # type: ignore[index]
    for module in (counters, metrics, threads):
        for value in vars(module).values():
            if isinstance(value, MetricWrapperBase):
                for family in value.describe():
                    name = f"{family.name}_total" if family.type == "counter" else family.name
                    found[name] = value._labelnames
    return found


def expressions() -> list[str]:
    dashboard: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def rules() -> list[str]:
    """What the alerts and the recorded ratios ask."""
    files = [yaml.safe_load((MONITORING / name).read_text()) for name in ("alerts.yml", "objectives.yml")]
    return [rule["expr"] for file in files for group in file["groups"] for rule in group["rules"]]


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    asked = {SUFFIX.sub("", name) for text in [*rules(), *expressions()] for name in NAME.findall(text)}
    assert len(rules()) == 17 + 27
    assert asked <= set(labels())


def test_the_dashboard_shows_every_metric() -> None:
    shown = {SUFFIX.sub("", name) for text in expressions() for name in NAME.findall(text)}
    assert set(labels()) - shown <= {"gallery_http_requests_created"}


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "alerts.yml", "objectives.yml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "alerts_test.yml", "objectives_test.yml"],
    ],
)
def test_promtool_accepts_what_we_ship(command: list[str]) -> None:
    subprocess.run([PROMTOOL or "promtool", *command], cwd=MONITORING, check=True)


@needs_promtool
def test_every_query_of_the_dashboard_is_well_formed(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "1m")}
        for number, text in enumerate(expressions())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    subprocess.run([PROMTOOL or "promtool", "check", "rules", str(path)], check=True)


@pytest.mark.parametrize("name", ["alerts", "objectives"])
def test_the_tests_of_the_rules_see_every_alert_fire(name: str) -> None:
    alerts = re.findall(r"alert: (\w+)", (MONITORING / f"{name}.yml").read_text())
    played = yaml.safe_load((MONITORING / f"{name}_test.yml").read_text())["tests"]
    checks = [check for test in played for check in test.get("alert_rule_test", ())]
    assert {check["alertname"] for check in checks if check.get("exp_alerts")} == set(alerts)
