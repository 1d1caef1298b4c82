"""The workflows for a public forge run goals that make can reach, with few rights and pinned actions."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.product import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
SCRIPTS = [(ROOT / ".ci/run").read_text(), *(step.get("run", "") for step in STEPS)]
CALLS = [
    line.partition("#")[0].split()[1:] for text in SCRIPTS for line in text.splitlines() if line.startswith("make ")
]


@pytest.mark.parametrize("goals", CALLS, ids=" ".join)
def test_every_goal_of_the_workflow_can_be_reached(goals: list[str]) -> None:
    """Down to its last command: a goal or a file that is named and not there fails a dry run."""
    done = subprocess.run(["make", "--dry-run", "--always-make", *goals], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for script in re.findall(r"^(?:bash )?([\w./-]+/[\w.-]+) ", done.stdout, re.MULTILINE):
        assert script.startswith(".venv/") or (ROOT / script).exists(), script


def test_the_workflow_runs_the_checks_the_tests_and_every_way_to_deploy() -> None:
    assert {goal for goals in CALLS for goal in goals} >= {
        "check",
        "test",
        "lint-deploy",
        "e2e-compose",
        "e2e",
        "audit",
    }
    assert [step["run"] for step in STEPS if ".ci/run" in step.get("run", "")]


def test_the_workflow_may_only_read_and_every_job_ends() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in WORKFLOW["jobs"].values())


def test_a_release_comes_after_every_check_and_after_its_images_were_tried() -> None:
    jobs = RELEASE["jobs"]
    assert jobs["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert "workflow_call" in WORKFLOW[True]  # PyYAML reads the key `on` so
    before = {name: job.get("needs", []) for name, job in jobs.items()}
    assert "ci" in before["build"]
    assert "build" in before["publish"]
    assert "publish" in before["try"]
    assert "try" in before["release"]


def test_each_job_of_a_release_has_only_the_rights_that_it_needs() -> None:
    assert RELEASE["permissions"] == {}
    jobs = RELEASE["jobs"]
    assert {
        name: [right for right, kind in job["permissions"].items() if kind == "write"] for name, job in jobs.items()
    } == {
        "plan": [],
        "ci": [],
        "build": ["packages"],
        "publish": ["packages", "id-token"],
        "try": [],
        "release": ["contents", "pull-requests"],
    }
    assert all(job["timeout-minutes"] <= 60 for job in jobs.values() if "steps" in job)


def test_every_platform_of_each_image_is_built_with_provenance_and_sbom_from_bases_by_digest() -> None:
    build = RELEASE["jobs"]["build"]
    pairs = {f"{part}-{platform}" for part in ("web", "worker") for platform in ("amd64", "arm64")}
    assert set(build["outputs"]) == pairs
    for words in ("--provenance mode=max", "--sbom true", 'PYTHON_IMAGE="$PYTHON_IMAGE"', 'NODE_IMAGE="$NODE_IMAGE"'):
        assert words in build["steps"][-1]["run"]


def test_every_action_is_named_by_its_commit() -> None:
    lines = [line for path in (ROOT / ".github").rglob("*.yml") for line in path.read_text().splitlines()]
    used = [line.split("uses:")[1].strip() for line in lines if "uses:" in line and "uses: ./" not in line]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action)] == []
