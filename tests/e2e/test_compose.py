"""Compose for real: `make e2e-compose` starts the project under a name of its own, kills what can be killed, removes
it again. Needs Docker, and the two images built."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import secrets as deployment_secrets
from tests.e2e import confined
from tests.e2e.load import Load, fetch
from tests.product import ROOT, free_port, until

COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker compose"))


class Project:
    """The running Compose project."""

    def __init__(self, secrets: Path) -> None:
        self.port, self.dashboard_port = free_port(), free_port()
        self.secrets = dict(line.split("=", 1) for line in secrets.read_text().splitlines())
        self._command = [*COMPOSE, "--env-file", str(secrets), "--project-name", "image-gallery-e2e"]
        self._environ = {
            **os.environ,
            "GALLERY_PORT": str(self.port),
            "GALLERY_DASHBOARD_PORT": str(self.dashboard_port),
            "GALLERY_SWEEP_SECONDS": "5",
        }

    def compose(self, *arguments: str) -> str:
        """Run Compose and return what it printed."""
        return run([*self._command, *arguments], self._environ)

    def up(self, *arguments: str) -> None:
        """Start, and wait until everything is healthy."""
        self.compose("up", "--no-build", "--detach", "--wait", *arguments)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's running containers."""
        return self.compose("ps", "--quiet", service).split()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def run(command: list[str], environ: dict[str, str] | None = None) -> str:
    """Run a command in the checkout; what it printed, or an error with what it complained of."""
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    secrets = tmp_path_factory.mktemp("compose") / ".env"
    deployment_secrets.main([str(secrets)])
    project = Project(secrets)
    project.compose("down", "--volumes", "--timeout", "5")
    try:
        project.up()
        yield project
    finally:
        project.compose("down", "--volumes", "--timeout", "5")


def test_an_upload_becomes_a_thumbnail(project: Project) -> None:
    load = Load(project.url)
    load.burst(3, (1600, 1200))
    assert not load.failed
    assert not load.lost(60)


def test_every_process_is_unprivileged_and_its_root_cannot_be_written(project: Project) -> None:
    for service in ("redis", "web", "worker", "dashboard"):
        (container,) = project.containers(service)
        found = json.loads(run(["docker", "inspect", container]))[0]
        assert found["HostConfig"]["ReadonlyRootfs"], service
        assert found["HostConfig"]["CapDrop"] == ["ALL"], service
        assert found["HostConfig"]["Memory"] > 0, service
        status = run(["docker", "exec", container, "cat", "/proc/1/status"])
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split(), service
        assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0, service
        assert fields["NoNewPrivs"] == "1", service
        touched = subprocess.run(["docker", "exec", container, "touch", "/x"], capture_output=True, check=False)
        assert b"Read-only file system" in touched.stderr, service


def test_the_process_that_decodes_is_confined(project: Project) -> None:
    (container,) = project.containers("worker")
    assert json.loads(run(["docker", "exec", container, "python", "-c", confined.SCRIPT])) == [confined.EXPECTED]


def test_the_worker_and_redis_reach_nothing_outside(project: Project) -> None:
    for service in ("worker", "redis"):
        (container,) = project.containers(service)
        networks = json.loads(run(["docker", "inspect", container]))[0]["NetworkSettings"]["Networks"]
        assert [json.loads(run(["docker", "network", "inspect", name]))[0]["Internal"] for name in networks] == [True]


def test_the_dashboard_answers_only_with_credentials(project: Project) -> None:
    page = f"http://127.0.0.1:{project.dashboard_port}/rq-dashboard/"
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(page)
    refused.value.close()
    assert refused.value.code == 401
    login = f"admin:{project.secrets['GALLERY_DASHBOARD_PASSWORD']}"
    assert b"RQ" in fetch(page, headers={"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"})


def test_the_password_of_redis_is_asked_for_and_is_no_argument(project: Project) -> None:
    (container,) = project.containers("redis")
    assert "NOAUTH" in run(["docker", "exec", container, "redis-cli", "ping"])
    assert project.secrets["REDIS_PASSWORD"] not in run(["docker", "top", container])


def test_four_workers_share_the_work(project: Project) -> None:
    project.up("--scale", "worker=4")
    load = Load(project.url)
    load.burst(40, (3000, 2000))
    assert not load.lost(120)
    workers = {json.loads(fetch(f"{project.url}/api/images/{image_id}"))["worker"] for image_id in load.accepted}
    assert len(workers) == 4
    project.up("--scale", "worker=2")


@pytest.mark.parametrize("how", ["docker kill", "crash"])
def test_killing_each_container_in_turn_under_load_loses_nothing(project: Project, how: str) -> None:
    with Load(project.url) as load:
        for service in ("worker", "redis", "dashboard", "web"):
            time.sleep(3)
            for container in project.containers(service):
                if how == "docker kill":  # counts as stopped by hand, so Docker does not restart it
                    run(["docker", "kill", container])
                else:
                    os.kill(int(run(["docker", "inspect", "--format", "{{.State.Pid}}", container])), 9)
            time.sleep(3)
            project.up("--scale", "worker=2")
        time.sleep(3)
    print(f"\n{how}: {load.requests} requests, {len(load.accepted)} accepted, {len(load.failed)} unanswered")
    assert not load.lost(120)
    until(lambda: json.loads(fetch(f"{project.url}/api/status"))["pending"] == 0, 60)


def test_everything_comes_back_when_all_is_killed_at_once(project: Project) -> None:
    load = Load(project.url)
    load.burst(10, (2000, 1500))
    project.compose("kill")
    project.up()
    assert not load.lost(120)
    load.burst(1, (640, 400))
    assert not load.lost(60)


def test_a_stopped_worker_finishes_the_picture_in_hand(project: Project) -> None:
    load = Load(project.url)
    load.burst(8, (4000, 3000))
    project.compose("stop", "worker")
    records = [json.loads(fetch(f"{project.url}/api/images/{image_id}")) for image_id in load.accepted]
    begun = [record for record in records if record["attempts"]]
    assert begun
    assert {record["state"] for record in begun} == {"ready"}
    project.up()
    assert not load.lost(120)
