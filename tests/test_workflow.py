"""The workflow for a public forge runs what the Makefile has."""

from __future__ import annotations

import re

import yaml

from tests.deployment import ROOT


def test_every_make_target_of_the_workflow_exists() -> None:
    rules = (ROOT / "Makefile").read_text() + (ROOT / "k8s/deploy.mk").read_text()
    targets = {name for line in re.findall(r"^([\w./ -]+):(?!=)", rules, re.MULTILINE) for name in line.split()}
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    called = {word for run in steps for line in run.splitlines() if line.startswith("make ") for word in _goals(line)}
    assert called
    assert called <= targets


def _goals(line: str) -> list[str]:
    return line.partition("#")[0].split()[1:]


def test_the_workflow_may_only_read_and_every_job_ends() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert set(workflow["jobs"]) == {"test", "deployment", "compose", "kind", "audit"}


def test_every_action_is_named_by_its_commit() -> None:
    lines = [line for path in (ROOT / ".github").rglob("*.yml") for line in path.read_text().splitlines()]
    used = [line.split("uses:")[1].strip() for line in lines if "uses:" in line]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action)] == []
