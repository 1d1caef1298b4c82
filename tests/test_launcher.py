"""`make run`: what it says, how its services end with it, and how they come back."""

from __future__ import annotations

import os
import pty
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, picture, until
from tests.launched import LAUNCHER, Launched, launched
from tests.product import free_port

MAKE = ("make", "--no-print-directory", "-o", ".venv/.installed-run", "-o", "web/static/dist/manifest.json", "run")
"""What is installed is not looked at: other tests see to that."""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Launched]:
    with launched(tmp_path) as run:
        yield run


def starts_again(run: Launched) -> None:
    starts = run.said().count("Gallery: ")
    run.start()
    until(lambda: run.said().count("Gallery: ") > starts, 60)  # until then the former services may still answer
    run.until_ready()


def test_a_killed_launcher_takes_its_services_along_and_the_next_start_works_at_once(run: Launched) -> None:
    process = run.start()
    run.until_ready()
    process.kill()
    starts_again(run)  # on the same ports, with nothing in between
    assert "is taken" not in run.said()
    run.processes[-1].send_signal(signal.SIGTERM)
    assert run.processes[-1].wait(60) == 128 + signal.SIGTERM
    assert run.running() == {}


def test_services_end_though_launcher_and_watchdog_are_killed_together(run: Launched) -> None:
    process = run.start()
    run.until_ready()
    (watchdog,) = run.running("launcher.watchdog")
    os.kill(watchdog, signal.SIGKILL)
    process.kill()
    run.until_nothing_runs()


def test_a_killed_watchdog_is_replaced_and_does_its_work(run: Launched) -> None:
    process = run.start()
    run.until_ready()
    (watchdog,) = run.running("launcher.watchdog")
    os.kill(watchdog, signal.SIGKILL)
    until(lambda: run.running("launcher.watchdog").keys() - {watchdog}, 60)
    stubborn = next(iter(run.running("valkey")))
    os.kill(stubborn, signal.SIGSTOP)  # it does not end when it is asked to
    process.kill()
    run.until_nothing_runs()


def test_services_end_with_make_however_make_ends(run: Launched) -> None:
    process = run.start(*MAKE)
    run.until_ready()
    process.kill()
    run.until_nothing_runs()


def test_services_end_when_the_terminal_is_closed(run: Launched) -> None:
    ours, theirs = pty.openpty()
    process = run.start("setsid", "--ctty", *MAKE, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=False)
    os.close(theirs)
    run.until_ready()
    os.read(ours, 10_000)
    os.close(ours)
    run.until_nothing_runs()
    process.wait(30)


def test_services_end_when_nobody_reads_the_output_any_more(run: Launched) -> None:
    piped = run.start("sh", "-c", f"{' '.join(MAKE)} | head -n 3")
    assert piped.wait(60) == 0
    run.until_nothing_runs()
    assert run.said().count("\n") == 3


def test_under_nohup_services_stay_when_the_terminal_is_closed(run: Launched) -> None:
    process = run.start("nohup", *LAUNCHER)
    run.until_ready()
    process.send_signal(signal.SIGHUP)
    time.sleep(2)
    assert run.gallery.call("GET", "/healthz").status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGINT
    assert run.running() == {}


def test_ctrl_c_ends_everything_and_the_gallery_is_the_same_afterwards(run: Launched) -> None:
    process = run.start()
    run.until_ready()
    image_id = run.gallery.upload(picture()).json["id"]
    assert run.gallery.until_ended(image_id)["state"] == "ready"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGINT
    assert run.running() == {}
    starts_again(run)
    assert run.gallery.call("GET", f"/api/images/{image_id}").json["state"] == "ready"
    doctor = [sys.executable, "-m", "cli", "doctor"]
    checked = subprocess.run(doctor, cwd=ROOT, env=run.environ, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout) == (0, "Every rule holds.\n")


def test_a_service_that_hangs_holds_up_neither_the_end_nor_an_impatient_user(run: Launched) -> None:
    process = run.start()
    run.until_ready()
    os.kill(next(iter(run.running("valkey"))), signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGINT
    assert run.running() == {}


@pytest.mark.parametrize("service", ["redis", "web", "worker.1", "dashboard"])
def test_a_service_that_ends_is_started_again_and_the_others_go_on(run: Launched, service: str) -> None:
    run.start()
    run.until_ready()
    pids = {name: int(pid) for name, pid in re.findall(r"(\S+) started \(pid=(\d+)\)", run.said())}
    os.kill(pids[service], signal.SIGKILL)
    until(lambda: f"{service} was ended by SIGKILL; starting it again in 1 s" in run.said(), 60)
    until(lambda: run.said().count(f"{service} started (pid=") == 2, 60)
    run.until_ready()
    image_id = run.gallery.upload(picture()).json["id"]
    assert run.gallery.until_ended(image_id)["state"] == "ready"
    assert set(pids.values()) - set(run.running()) == {pids[service]}


def test_a_disk_too_full_for_the_output_stops_nothing(run: Launched) -> None:
    with Path("/dev/full").open("w") as full:
        process = run.start(stdout=full)
        run.until_ready()
        assert process.poll() is None


def test_a_reader_of_the_output_that_reads_nothing_holds_up_nobody(run: Launched) -> None:
    process = run.start(stdout=subprocess.PIPE)
    run.until_ready()
    for _ in range(1500):
        assert run.gallery.call("GET", "/api/images?limit=1").status == 200
    image_id = run.gallery.upload(picture()).json["id"]
    assert run.gallery.until_ended(image_id)["state"] == "ready"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 128 + signal.SIGINT
    assert process.stdout is not None
    process.stdout.close()


def test_a_second_launcher_on_a_data_folder_says_so_and_ends(run: Launched) -> None:
    first = run.start()
    run.until_ready()
    ports = {"GALLERY_PORT": str(free_port()), "GALLERY_DASHBOARD_PORT": str(free_port())}
    second = run.start(environ=ports)
    assert second.wait(60) == 1
    said = f"Another `make run` uses {run.gallery.data} (process {first.pid}). Stop it, or set GALLERY_DATA"
    assert said in run.said()
    assert run.gallery.call("GET", "/readyz").status == 200


def test_a_given_dashboard_password_is_not_printed_and_a_made_up_one_is(run: Launched) -> None:
    run.start(environ={"GALLERY_DASHBOARD_PASSWORD": "correct horse"})
    run.until_ready()
    assert "correct horse" not in run.said()
    assert "(user admin, the password in GALLERY_DASHBOARD_PASSWORD)" in run.said()
    run.end()
    run.log.unlink()
    starts_again(run)
    assert re.search(r"\(user admin, password \S{12}\)", run.said())


def test_what_the_launcher_writes_is_for_its_user_alone(run: Launched) -> None:
    folder = run.gallery.data / "redis"
    folder.mkdir(parents=True)
    (folder / "valkey.conf").touch(0o644)  # as an earlier release left it
    run.start()
    run.until_ready()
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
