"""The Dockerfiles, without building them; `make e2e-compose` runs what they build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment import ROOT

IMAGES = ("web", "worker")


def instructions(image: str) -> list[str]:
    """The instructions of a Dockerfile, each on one line."""
    text = (ROOT / f"Dockerfile.{image}").read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line and not line.startswith("#")]


def final(image: str) -> list[str]:
    """The instructions of the stage that is shipped."""
    lines = instructions(image)
    start = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return lines[start:]


@pytest.mark.parametrize("image", IMAGES)
def test_hadolint_finds_nothing(image: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / f"Dockerfile.{image}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_shipped_is_copied_from_earlier_stages_and_runs_as_the_shared_user(image: str) -> None:
    lines = final(image)
    assert lines[0] == "FROM ${PYTHON_IMAGE}"
    assert all("--from=" in line for line in lines if line.startswith("COPY "))
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert lines[-1] == f'CMD ["python", "-m", "{image}"]'


@pytest.mark.parametrize("image", IMAGES)
def test_the_containers_start_as_make_run_does(image: str) -> None:
    procfile = (ROOT / "Procfile").read_text().splitlines()
    assert f"{image}: exec python -m {image}" in procfile


@pytest.mark.parametrize("image", IMAGES)
def test_dependencies_are_hashed_wheels(image: str) -> None:
    (install,) = [line for line in instructions(image) if "pip" in line and "install" in line and "RUN" in line]
    assert "--require-hashes" in install
    assert "--only-binary=:all:" in install
    names = {line.split("==")[0] for line in (ROOT / f"requirements/{image}.txt").read_text().splitlines()}
    assert ("pillow" in names) == (image == "worker")
    assert ("flask" in names) == (image == "web")


@pytest.mark.parametrize("image", IMAGES)
def test_what_changes_at_every_build_comes_last(image: str) -> None:
    lines = final(image)
    changing = next(number for number, line in enumerate(lines) if line.startswith("ARG "))
    assert not [line for line in lines[changing:] if line.startswith(("RUN ", "COPY "))]


@pytest.mark.parametrize("image", IMAGES)
def test_only_what_the_image_is_made_of_is_sent_to_the_builder(image: str) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    allowed = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    sources = {
        word
        for line in instructions(image)
        if line.startswith("COPY ") and "--from=" not in line
        for word in line.split()[1:-1]
    }
    assert all(any(source == path or source.startswith(f"{path}/") for path in allowed) for source in sources)


@pytest.mark.parametrize("image", IMAGES)
def test_every_base_image_may_be_given_by_digest(image: str) -> None:
    lines = instructions(image)
    stages = [line.split()[1] for line in lines if line.startswith("FROM ")]
    before = lines[: next(number for number, line in enumerate(lines) if line.startswith("FROM "))]
    assert {stage.strip("${}") for stage in stages} == {line.removeprefix("ARG ").partition("=")[0] for line in before}


@pytest.mark.parametrize("image", IMAGES)
def test_every_base_image_has_a_tag_by_default_and_not_the_latest(image: str) -> None:
    arguments = [line.removeprefix("ARG ") for line in instructions(image) if re.match(r"ARG \w+_IMAGE=", line)]
    assert arguments
    for argument in arguments:
        tag = argument.partition("=")[2].partition(":")[2]
        assert tag
        assert "latest" not in tag
