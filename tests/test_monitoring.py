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


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    rules = re.findall(r"expr: (.*?)\n +(?:for|labels):", (MONITORING / "alerts.yml").read_text(), re.DOTALL)
    asked = {SUFFIX.sub("", name) for text in [*rules, *expressions()] for name in NAME.findall(text)}
    assert len(rules) == 16
    assert asked <= set(labels())


def test_the_dashboard_shows_every_metric() -> None:
    shown = {SUFFIX.sub("", name) for text in expressions() for name in NAME.findall(text)}
    assert set(labels()) - shown <= {"gallery_http_requests_created"}


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]],
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
