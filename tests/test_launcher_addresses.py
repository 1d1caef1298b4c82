"""Addresses, ports and folders of `make run`: what cannot be used is named, and what can works."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import ROOT, until
from tests.launched import LAUNCHER, Launched, launched
from tests.product import mounted


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Launched]:
    with launched(tmp_path) as run:
        yield run


@pytest.mark.parametrize("setting", ["GALLERY_PORT", "GALLERY_DASHBOARD_PORT"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_named(run: Launched, setting: str, host: str) -> None:
    host_setting = setting.replace("PORT", "HOST")
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        port = taken.getsockname()[1]
        said = refusal(run, **{setting: str(port), host_setting: host})
    assert said == (1, f"Port {port} is taken. Stop what listens there, or set {setting} to another.")


def test_one_port_for_two_is_refused(run: Launched) -> None:
    status, line = refusal(run, GALLERY_DASHBOARD_PORT=run.environ["GALLERY_PORT"])
    assert (status, "GALLERY_PORT and GALLERY_DASHBOARD_PORT are both" in line) == (2, True)


@pytest.mark.parametrize("setting", ["GALLERY_HOST", "GALLERY_DASHBOARD_HOST", "GALLERY_METRICS_HOST"])
@pytest.mark.parametrize("host", ["nowhere.invalid", "127.0.0.1:80", "*", "a..b", "[::1", "x" * 70])
def test_a_host_that_nobody_knows_is_named(run: Launched, setting: str, host: str) -> None:
    status, line = refusal(run, **{setting: host})
    assert (status, line.startswith(f"{setting} is {host!r}, but no such host is known. Use")) == (2, True)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_named(run: Launched, host: str) -> None:
    for setting in ("GALLERY_HOST", "GALLERY_DASHBOARD_HOST"):
        run.log.unlink(missing_ok=True)
        status, line = refusal(run, GALLERY_OPEN="1", **{setting: host})
        assert (status, line.startswith(f"{setting} is {host}, which is not an address of this machine.")) == (2, True)


def test_a_privileged_port_is_named(run: Launched) -> None:
    without = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
    if subprocess.run([*without, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs setpriv, as root")
    status, line = refusal(run, *without, *LAUNCHER, GALLERY_PORT="80")
    assert (status, line) == (
        2, "GALLERY_PORT is 80, but only root may listen on ports below 1024. Set a higher one."
    )  # fmt: skip


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_works_for_web_dashboard_and_metrics(run: Launched, host: str) -> None:
    names = ("GALLERY_HOST", "GALLERY_DASHBOARD_HOST", "GALLERY_METRICS_HOST")
    run.start(environ=dict.fromkeys(names, host))
    for setting, path, status in (
        ("GALLERY_PORT", "/api/images", 200),
        ("GALLERY_DASHBOARD_PORT", "/rq-dashboard/", 401),
        ("GALLERY_METRICS_PORT", "/metrics", 200),
    ):
        run.gallery.host = f"[::1]:{run.environ[setting]}"
        until(partial(answers_with, run, path, status), 60)
    assert f"http://[::1]:{run.gallery.port}/" in run.said()


def test_a_gallery_on_every_network_is_printed_with_an_address_that_works(run: Launched) -> None:
    run.start(environ={"GALLERY_HOST": "0.0.0.0", "GALLERY_OPEN": "1"})
    run.until_ready()
    assert f"Gallery:   http://127.0.0.1:{run.gallery.port}/" in run.said()


def test_a_data_folder_that_cannot_be_used_is_named(run: Launched, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, line = refusal(run, GALLERY_DATA=str(tmp_path / "file"))
    assert (status, f"GALLERY_DATA is {tmp_path / 'file'}, which cannot be used: " in line) == (2, True)
    with mounted(tmp_path / "readonly", "ro,size=1m") as mounts:
        if not mounts:
            pytest.skip("needs the right to mount")
        run.log.unlink()
        status, line = refusal(run, GALLERY_DATA=str(tmp_path / "readonly"))
        assert (status, "Read-only file system" in line) == (2, True)


def test_a_data_folder_of_any_name_works(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b'a "b" \\ {c} $d \xff\n\xc3\xbc')
    odd.mkdir()
    with launched(odd) as run:
        run.start()
        run.until_ready()


def test_web_and_worker_name_a_host_that_they_cannot_use(run: Launched) -> None:
    for module in ("web", "web.dashboard"):
        environ = {**run.environ, "GALLERY_HOST": "nowhere.invalid", "GALLERY_DASHBOARD_HOST": "nowhere.invalid"}
        ended = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environ, capture_output=True, timeout=60)
        assert ended.returncode == 1
        assert b"no such host is known" in ended.stderr


def answers_with(run: Launched, path: str, status: int) -> bool:
    return run.gallery.call("GET", path).status == status


def refusal(run: Launched, *command: str, **environ: str) -> tuple[int, str]:
    """How a launcher that is to refuse ends, and the one line that it says."""
    status = run.start(*command, environ=environ).wait(60)
    assert run.running() == {}
    (line,) = run.said().splitlines()
    return status, line
