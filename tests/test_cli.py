"""The command line against a running gallery, as scripts use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis

from cli.answers import Image
from cli.export import target
from tests.commands import command, environment, lines
from tests.conftest import ROOT, Gallery, picture, until
from tests.network import answer, network
from tests.pictures import undecodable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "holiday"
    (folder / "day two").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(picture("JPEG"))
    (folder / "day two" / "ünï “name”.png").write_bytes(picture("PNG"))
    (folder / "day two" / "copy.jpg").write_bytes((folder / "0.jpg").read_bytes())
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.jpg").write_bytes(undecodable())
    (folder / "header only.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (folder / ".hidden" / "a.jpg").write_bytes(picture("JPEG"))
    return folder


def test_a_folder_goes_in_and_comes_out_the_same(gallery: Gallery, folder: Path, tmp_path: Path) -> None:
    done = command(gallery, "import", str(folder), "--json", "--wait")
    assert done.returncode == 1
    *verdicts, total = lines(done)
    by_path = {verdict["path"]: verdict for verdict in verdicts}
    assert total["sum"] == {"accepted": 5, "here already": 1, "no picture": 1, "refused": 1, "failed": 1}
    assert by_path["broken.jpg"]["code"] == "cannot-be-decoded"
    assert by_path["header only.jpg"]["code"] == "broken-header"
    assert by_path["day two/ünï “name”.png"]["verdict"] == "accepted"
    again = lines(command(gallery, "import", str(folder), "--json"))[-1]["sum"]
    assert again == {"sent before": 7, "no picture": 1, "refused": 1}

    out = tmp_path / "out"
    done = command(gallery, "export", str(out), "--json")
    assert done.returncode == 0, done.stderr
    *fetched, total = lines(done)
    assert total["sum"] == {"fetched": 6}
    originals = {path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for file in fetched:
        assert (out / file["path"]).read_bytes() in originals
    assert len((out / "records.jsonl").read_text().splitlines()) == 6
    assert lines(command(gallery, "export", str(out), "--json"))[-1]["sum"] == {"here already": 6}

    status = until(lambda: (said := json.loads(command(gallery, "status", "--json").stdout))["queue"] and said, 60)
    assert (status["pending"], status["failed"], status["stuck"], status["queue"]["workers"]) == (0, 1, False, 2)
    assert "1 tried again" in command(gallery, "retry-failed").stdout
    gallery.until_ended(by_path["broken.jpg"]["id"])
    gallery.until_listed(by_path["broken.jpg"]["id"])
    assert command(gallery, "delete", "--failed", input="n\n").returncode == 1
    assert command(gallery, "delete", "--failed", "--yes").returncode == 0
    rest = "\n".join(file["id"] for file in fetched)
    done = command(gallery, "delete", "-", "--yes", "--json", input=rest)
    assert done.returncode == 1  # the failed one was gone already
    assert sorted(line["verdict"] for line in lines(done)) == ["deleted"] * 5 + ["not there"]
    assert gallery.call("GET", "/api/images").json["images"] == []


def test_an_import_that_was_killed_goes_on_and_web_may_restart_meanwhile(gallery: Gallery, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:03}.png").write_bytes(picture("PNG", (1200, 800)))
    environ = environment(gallery)
    arguments = [sys.executable, "-m", "cli", "import", str(folder), "--jobs", "2"]
    first = subprocess.Popen(arguments, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    until(lambda: len(os.listdir(gallery.data / "images")) and gallery.call("GET", "/api/images").json["images"], 60)
    first.send_signal(signal.SIGKILL)
    first.wait(30)
    second = subprocess.Popen(arguments, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    gallery.stop("web", signal.SIGKILL)
    time.sleep(1)
    gallery.start("web", "web")
    assert second.wait(120) == 0
    until(lambda: len(gallery.call("GET", "/api/images?limit=500").json["images"]) == 60, 60)


def test_refusals_of_the_gallery_are_told_and_end_with_2(bare: Gallery, tmp_path: Path) -> None:
    done = command(bare, "status", "--patience", "0")
    assert (done.returncode, "does not answer" in done.stderr) == (2, True)
    bare.start("web", "web", GALLERY_TOKEN="phone:upload:" + "u" * 24)
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    done = command(bare, "retry-failed", "--token", "u" * 24)
    assert (done.returncode, "This needs the role 'admin'" in done.stderr) == (2, True)
    assert command(bare, "status", "--token", "u" * 24).returncode == 0
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture())
    done = command(bare, "import", str(tmp_path / "in"))
    assert (done.returncode, "Sign in" in done.stderr) == (2, True)


def test_status_says_when_images_wait_and_nobody_works(bare: Gallery) -> None:
    bare.start_web()
    bare.upload(picture())
    done = command(bare, "status")
    assert done.returncode == 1
    assert "Redis does not answer" in done.stdout


def test_ctrl_c_ends_a_regeneration_with_130_and_a_word(gallery: Gallery) -> None:
    gallery.until_ended(gallery.upload(picture()).json["id"])
    for worker in ("worker.1", "worker.2"):
        assert gallery.stop(worker) == 0
    run = subprocess.Popen(
        [sys.executable, "-m", "cli", "regenerate", "--all"], cwd=ROOT, env=gallery.environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        until(lambda: redis.llen("rq:queue:views"), 60)
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=60) == ("", "Stopped.\n")
    assert run.returncode == 130


def test_an_export_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    image_id = "0197a3c0-0000-7000-8000-0123456789ab"
    for name in ("../../etc/passwd", "/etc/passwd", "..", "....//a.jpg", ".bashrc", "a\0b.jpg"):
        image = Image(image_id, name, "ready", 1, "0" * 64, "2026-01-02T03:04:05Z")
        path = target(image, tmp_path).resolve()
        assert path.parent == tmp_path / "2026-01-02"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_commands(bare: Gallery, shell: str) -> None:
    assert "_GALLERY_COMPLETE" in command(bare, "completion", shell).stdout


def test_one_record_that_cannot_be_read_stops_no_deletion(bare: Gallery) -> None:
    bare.start_web()
    ids = [bare.upload(picture()).json["id"] for _ in range(3)]
    with network(bare.port) as way:
        way.fail(f"DELETE /api/images/{ids[1]}", answer(503, b'{"code": "volume-unavailable", "detail": "No."}'))
        odd = ["../images", "a\nb", f"{ids[0]}/../{ids[2]}", "\udcff"]
        done = command(bare, "delete", *ids, *odd, "--yes", "--json", "--url", way.url)
        assert [line["verdict"] for line in lines(done)] == ["deleted", "refused", "deleted", *["not there"] * 4]
        assert done.returncode == 1
        assert way.count("DELETE") == 6
