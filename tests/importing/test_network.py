"""Connections that break, a gallery in trouble, and bytes that it has already."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.commands import command, lines, verdicts
from tests.conftest import Gallery, picture
from tests.importing.verdicts import Import, holds, images, large, only
from tests.network import Fault, Network, answer, network


def test_bytes_that_the_gallery_has_are_not_sent(send: Import, shared: Gallery, way: Network, folder: Path) -> None:
    data = picture()
    (folder / "a.png").write_bytes(data)
    image_id = shared.upload(data).json["id"]
    assert only(send("--json"), "here already", 0)["id"] == image_id
    assert way.count("POST") == 0


def test_a_gallery_that_cannot_tell_what_it_has_gets_the_file(send: Import, way: Network, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    way.fail("GET /api/images?sha256=", answer(503, b'{"code": "volume-unavailable", "detail": "No."}'))
    only(send("--json"), "accepted", 0)


def test_an_answer_about_other_bytes_is_not_believed(send: Import, shared: Gallery, way: Network, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    other = shared.call("GET", f"/api/images/{shared.upload(picture()).json['id']}").body
    way.fail("GET /api/images?sha256=", answer(200, b'{"images": [%s], "next": null}' % other), times=1)
    way.fail("POST /api/images", answer(200, other), times=1)
    assert only(send("--json"), "refused", 1)["code"] == "other-bytes"
    only(send("--json"), "accepted", 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(up=4_000_000),
        Fault(up=10),
        Fault(down=0),
        Fault(down=20),
        answer(503),
        answer(500),
        answer(502, b"<html>"),
        answer(429, more="Retry-After: 1\r\n"),
    ],
)
def test_a_connection_that_breaks_and_a_moment_of_trouble_cost_time_and_no_file(
    send: Import, shared: Gallery, way: Network, folder: Path, fault: Fault
) -> None:
    data, before = large(), images(shared)
    (folder / "a.png").write_bytes(data)
    way.fail("POST /api/images", fault, times=1)
    done = send("--json")
    assert done.returncode == 0
    assert next(iter(verdicts(done).values()))["verdict"] in ("accepted", "here already")
    assert holds(shared, data)
    assert len(images(shared) - before) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (answer(500, b'{"code": "internal", "detail": "Something went wrong."}'), "internal"),
        (answer(503, b'{"code": "volume-unavailable", "detail": "Something went wrong."}'), "volume-unavailable"),
        (answer(502, b"<html>Bad Gateway</html>", "text/html"), "http-error"),
        (answer(413, b"<html>Too large</html>", "text/html"), "http-error"),
        (Fault(up=50_000), "broken-connection"),
    ],
)
def test_a_file_that_a_healthy_gallery_cannot_take_is_left_and_the_rest_is_sent(
    send: Import, way: Network, folder: Path, fault: Fault, code: str
) -> None:
    (folder / "b.png").write_bytes(large())
    for name in ("a.png", "c.png"):
        (folder / name).write_bytes(picture())
    way.fail("POST /api/images?name=b.png", fault)
    done = send("--json", "--jobs", "1")
    found = verdicts(done)
    assert {path: verdict["verdict"] for path, verdict in found.items()} == {
        "a.png": "accepted", "b.png": "refused", "c.png": "accepted",
    }  # fmt: skip
    assert (found["b.png"]["code"], done.returncode) == (code, 1)


def test_a_damaged_record_in_the_gallery_stops_no_import(send: Import, shared: Gallery, folder: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (folder / name).write_bytes(picture())
    damaged = shared.upload((folder / "b.png").read_bytes()).json["id"]
    (record,) = shared.data.glob(f"images/**/{damaged}/image.json")
    record.write_bytes(b"\0" * record.stat().st_size)
    done = send("--json", "--jobs", "1")
    found = verdicts(done)
    assert (found["a.png"]["verdict"], found["c.png"]["verdict"]) == ("accepted", "accepted")
    assert found["b.png"]["verdict"] in ("refused", "here already", "accepted")
    assert done.returncode == (1 if found["b.png"]["verdict"] == "refused" else 0)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (answer(507, b'{"code": "volume-full", "detail": "The gallery is full."}'), "The gallery is full."),
        (answer(401, b'{"code": "sign-in", "detail": "Sign in."}'), "Sign in."),
        (answer(404, b"<html>", "text/html"), "answered with status 404."),
        (answer(308, more="Location: https://pictures.example/\r\n"), "sends us to https://pictures.example/"),
        (answer(200, b"<html>Welcome</html>", "text/html"), "answers, but not as this gallery does."),
        (answer(200, b'{"images": 7}'), "answers, but not as this gallery does."),
        (answer(201, b"\xff"), "answers, but not as this gallery does."),
    ],
)
def test_what_concerns_every_file_stops_the_import_with_a_sentence_and_a_verdict_for_each(
    send: Import, way: Network, folder: Path, fault: Fault, sentence: str
) -> None:
    for number in range(20):
        (folder / f"{number:02}.png").write_bytes(picture())
    way.fail("POST /api/images?name=03.png", fault)
    done = send("--json", "--jobs", "1")
    found = [verdict["verdict"] for _, verdict in sorted(verdicts(done).items())]
    assert found == ["accepted"] * 3 + ["not sent"] * 17
    assert done.returncode == 2
    assert f"{sentence} Run it again to go on." in done.stderr or f"{sentence}: give that as --url." in done.stderr
    way.faults.clear()
    assert lines(send("--json"))[-1]["sum"] == {"sent before": 3, "accepted": 17}


def test_a_gallery_that_goes_and_stays_away_ends_the_import_with_a_verdict_for_each_file(
    bare: Gallery, folder: Path
) -> None:
    for number in range(30):
        (folder / f"{number:02}.png").write_bytes(picture())
    bare.start_web()
    with network(bare.port) as way:
        way.fail("POST /api/images?name=03.png", Fault(call=lambda: bare.stop("web", signal.SIGKILL)), times=1)
        done = command(bare, "import", str(folder), "--url", way.url, "--json", "--jobs", "1", "--patience", "2")
        found = [verdict["verdict"] for _, verdict in sorted(verdicts(done).items())]
        assert found == ["accepted"] * 3 + ["not sent"] * 27
        assert (done.returncode, "does not answer" in done.stderr) == (2, True)
        bare.start("web", "web")
        again = command(bare, "import", str(folder), "--url", way.url, "--json")  # it is patient
        assert (again.returncode, lines(again)[-1]["sum"]) == (0, {"sent before": 3, "accepted": 27})


def test_a_gallery_that_restarts_in_an_upload_costs_no_file(bare: Gallery, folder: Path) -> None:
    for number in range(5):
        (folder / f"{number}.png").write_bytes(large())
    bare.start_web()

    def restart() -> None:
        bare.stop("web", signal.SIGKILL)
        bare.start("web", "web")

    with network(bare.port) as way:
        way.fail("POST /api/images", Fault(call=restart), times=1)
        done = command(bare, "import", str(folder), "--url", way.url, "--json", "--jobs", "2")
    assert done.returncode == 0
    assert len(images(bare)) == 5
