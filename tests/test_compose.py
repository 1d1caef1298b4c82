"""docker-compose.yml, without starting it; `make e2e-compose` does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import secrets
from pipeline.queue.image_queues import RQ_MARGIN_SECONDS
from tests.deployment import ROOT, compose, defaults, seconds, settings_read
from web.dashboard.__main__ import THREADS

SERVICES = ("redis", "web", "worker", "dashboard")


def test_the_services_bear_the_names_of_the_processes() -> None:
    processes = [line.split(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()]
    assert set(compose()) == set(processes) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined(name: str) -> None:
    service = compose()[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"\d+m", service["mem_limit"])
    assert service["pids_limit"] > 0


def test_every_service_but_redis_waits_until_redis_is_healthy() -> None:
    for name in SERVICES[1:]:
        assert compose()[name]["depends_on"]["redis"] == {"condition": "service_healthy"}


def test_every_service_says_whether_it_is_healthy() -> None:
    for name in ("redis", "dashboard"):
        assert "healthcheck" in compose()[name]
    for name in ("web", "worker"):
        assert "HEALTHCHECK" in (ROOT / f"Dockerfile.{name}").read_text()


def test_a_worker_is_given_longer_to_stop_than_a_picture_may_take() -> None:
    assert seconds(compose()["worker"]["stop_grace_period"]) > defaults().job_timeout + RQ_MARGIN_SECONDS


def test_web_and_the_dashboard_may_start_as_many_threads_as_they_are_told_to() -> None:
    assert compose()["web"]["pids_limit"] > defaults().web_threads
    assert compose()["dashboard"]["pids_limit"] > THREADS + 32


def test_what_compose_sets_are_settings() -> None:
    known = settings_read() | {"REDIS_PASSWORD"}
    for service in compose().values():
        assert set(service["environment"]) <= known


def test_every_setting_may_be_set_but_for_those_that_the_images_fix() -> None:
    fixed = {
        "GALLERY_DATA",
        "GALLERY_CACHE",
        "GALLERY_HOST",
        "GALLERY_PORT",
        "GALLERY_DASHBOARD_HOST",
        "GALLERY_DASHBOARD_PORT",
    }
    fixed |= {"GALLERY_HEARTBEAT_FILE", "GALLERY_WORKERS", "GALLERY_METRICS_HOST", "GALLERY_METRICS_PORT"}
    taken = {name for service in compose().values() for name in service["environment"]}
    assert settings_read() - taken == fixed


def test_nothing_is_open_to_the_network_unless_it_is_asked_for() -> None:
    ports = [port for service in compose().values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith(("127.0.0.1:", "${GALLERY_HOST:-127.0.0.1}:")) for port in ports)
    assert "networks" in compose()["redis"]
    assert compose()["redis"]["networks"] == compose()["worker"]["networks"] == ["queue"]


def test_the_secrets_are_made_once_readable_by_their_owner_and_ignored_by_git(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert secrets.main([str(path)]) == 0
    made = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    secrets.main([str(path)])
    assert path.read_text() == made
    values = dict(line.split("=", 1) for line in made.splitlines())
    assert values["REDIS_URL"] == f"redis://:{values['REDIS_PASSWORD']}@redis:6379/0"
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("module", ["web", "worker"])
def test_a_service_that_is_asked_for_help_does_not_start(module: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", module, "--help"]
    environ = {**os.environ, "GALLERY_DATA": str(tmp_path / "data"), "GALLERY_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: python -m {module}" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--tokens"], ["--", "--help"], ["--token"], []])
def test_an_option_never_becomes_a_file_of_secrets(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "launcher.secrets", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == (0 if arguments in (["--help"], ["-h"]) else 2)
    assert "usage: python3 -m launcher.secrets" in done.stdout + done.stderr
    assert "PASSWORD=" not in done.stdout
    assert not list(tmp_path.iterdir())
