"""A real Prometheus reads the product under load: no panel of the dashboard is empty, every rule can be evaluated."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gallery
from tests.pictures import picture, undecodable
from tests.product import free_port, until
from tests.test_monitoring import MONITORING, expressions

PROMETHEUS = shutil.which("prometheus")
ONLY_AFTER_ACCIDENTS = (
    "gallery_thread_restarts_total",
    "gallery_sweep_findings_total",
    "gallery_connections_refused_total",
)


@contextmanager
def prometheus(folder: Path, targets: list[str]) -> Iterator[str]:
    """Run Prometheus with our rules, scraping `targets` every two seconds; yields the address of its API."""
    config = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "alerts.yml"), str(MONITORING / "objectives.yml")],
        "scrape_configs": [{"job_name": "gallery", "static_configs": [{"targets": targets}]}],
    }
    (folder / "prometheus.json").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    command = [PROMETHEUS or "prometheus", f"--config.file={folder / 'prometheus.json'}", "--log.level=error"]
    command += [f"--storage.tsdb.path={folder / 'series'}", f"--web.listen-address={address}"]
    process = subprocess.Popen(command, cwd=folder)
    try:
        yield f"http://{address}/api/v1"
    finally:
        process.kill()
        process.wait()


def ask(api: str, path: str, **query: str) -> Any:
    with urllib.request.urlopen(f"{api}/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
        return json.load(answer)["data"]


def has_an_answer(api: str, expression: str) -> bool:
    result = ask(api, "query", query=expression.replace("$__rate_interval", "1m"))["result"]
    return any(not math.isnan(float(series["value"][1])) for series in result)


def rules(api: str) -> list[Any]:
    """The rules as Prometheus has them, each with its health."""
    return [rule for group in ask(api, "rules")["groups"] for rule in group["rules"]]


@pytest.mark.skipif(PROMETHEUS is None and not os.environ.get("CI"), reason="Prometheus is not installed")
def test_no_panel_is_empty_and_every_rule_can_be_evaluated(bare: Gallery, tmp_path: Path) -> None:
    metrics = free_port()
    bare.start_redis()
    bare.start_web()
    bare.start("worker", "worker", GALLERY_METRICS_HOST="127.0.0.1", GALLERY_METRICS_PORT=str(metrics))
    wanted = {text for text in expressions() if not any(name in text for name in ONLY_AFTER_ACCIDENTS)}
    with prometheus(tmp_path, [f"127.0.0.1:{bare.port}", f"127.0.0.1:{metrics}"]) as api:
        until(lambda: ask(api, "query", query="sum(up) == 2")["result"], 60)

        def all_have_an_answer() -> bool:
            for data in (picture("JPEG"), picture("PNG"), undecodable(), b"no picture"):
                bare.upload(data)
            wanted.difference_update([text for text in wanted if has_an_answer(api, text)])
            return not wanted

        try:
            until(all_have_an_answer, 240, pause=0.5)
        except AssertionError:
            pytest.fail(f"no answer: {sorted(wanted)}")
        until(lambda: {rule["health"] for rule in rules(api)} == {"ok"}, 60)
        recorded = {rule["name"] for rule in rules(api) if rule["type"] == "recording"}
        until(lambda: all(has_an_answer(api, name) for name in recorded), 60)
