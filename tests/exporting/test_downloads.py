"""Downloads that break, and originals or a gallery that go."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import command, environment
from tests.conftest import ROOT, Gallery, picture, until
from tests.exporting.verdicts import Export, leftovers, said, whole
from tests.network import Fault, Network, answer, network


@pytest.mark.parametrize(
    "fault",
    [
        Fault(down=0),
        Fault(down=20),
        Fault(down=200_000),
        Fault(flip=200_000),
        answer(503),
        answer(500),
        answer(200, b"", "image/png"),
        answer(200, b"too short", "image/png"),
        answer(200, bytes(3_000_000), "image/png"),
    ],
)
def test_a_download_that_breaks_once_costs_no_original(
    fetch: Export, shared: Gallery, way: Network, ids: dict[str, str], tmp_path: Path, fault: Fault
) -> None:
    way.fail(f"GET /images/{ids['2.png']}/original", fault, times=1)
    done = fetch("--json")
    assert (done.returncode, said(done)) == (0, ["fetched"] * 6)
    assert whole(shared, tmp_path / "out")
    done = fetch("--json")
    assert (done.returncode, said(done)) == (0, ["here already"] * 6)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Fault(down=200_000), "refused"),
        (answer(500, b"<html>"), "refused"),
        (answer(503, b"<html>"), "refused"),
        (answer(416, b"<html>"), "refused"),
        (Fault(flip=200_000), "damaged"),
        (answer(200, b"too short", "image/png"), "damaged"),
        (answer(404, b"<html>"), "missing"),
    ],
)
def test_an_original_that_never_arrives_whole_is_named_and_the_rest_is_fetched(
    fetch: Export, way: Network, ids: dict[str, str], tmp_path: Path, fault: Fault, verdict: str
) -> None:
    way.fail(f"GET /images/{ids['2.png']}/original", fault)
    done = fetch("--json", "--jobs", "1")
    assert (done.returncode, said(done)) == (1, ["fetched"] * 2 + [verdict] + ["fetched"] * 3)
    assert leftovers(tmp_path / "out") == []
    text = fetch().stdout
    assert text.startswith(f"{verdict:13} {ids['2.png']} 2.png")
    assert text.endswith((f"1 {verdict}, 5 here already\n", f"5 here already, 1 {verdict}\n"))


def test_an_original_that_was_deleted_meanwhile_is_named(bare: Gallery, tmp_path: Path) -> None:
    bare.start_web()
    ids = [bare.upload(picture(), f"{number}.png").json["id"] for number in range(3)]
    with network(bare.port) as way:
        first = Fault(call=lambda: bare.call("DELETE", f"/api/images/{ids[0]}"))
        way.fail(f"GET /images/{ids[2]}/original", first, times=1)  # the newest is fetched first
        done = command(bare, "export", str(tmp_path / "out"), "--url", way.url, "--json", "--jobs", "1")
    assert (done.returncode, said(done)) == (1, ["deleted", "fetched", "fetched"])


def test_an_original_that_the_volume_lost_is_called_missing(bare: Gallery, tmp_path: Path) -> None:
    bare.start_web()
    lost = bare.upload(picture(), "0.png").json["id"]
    bare.upload(picture(), "1.png")
    next(bare.data.glob(f"images/**/{lost}/original.png")).unlink()
    done = command(bare, "export", str(tmp_path / "out"), "--json")
    assert (done.returncode, said(done)) == (1, ["missing", "fetched"])


def test_a_gallery_that_goes_and_stays_away_ends_the_export_with_a_verdict_for_each(
    bare: Gallery, tmp_path: Path
) -> None:
    bare.start_web()
    ids = [bare.upload(picture(), f"{number}.png").json["id"] for number in range(9)]
    with network(bare.port) as way:
        way.fail(f"GET /images/{ids[4]}/original", Fault(call=lambda: bare.stop("web", signal.SIGKILL)), times=1)
        arguments = ("export", str(tmp_path / "out"), "--url", way.url, "--json", "--jobs", "1")
        done = command(bare, *arguments, "--patience", "2")
        assert (done.returncode, said(done)) == (2, ["not fetched"] * 5 + ["fetched"] * 4)
        assert "does not answer" in done.stderr
        assert done.stderr.endswith("Run it again to go on.\n")
        bare.start("web", "web")
        done = command(bare, *arguments)  # it is patient
    assert (done.returncode, said(done)) == (0, ["fetched"] * 5 + ["here already"] * 4)


def test_ctrl_c_ends_an_export_soon_with_a_verdict_for_each(
    shared: Gallery, way: Network, ids: dict[str, str], tmp_path: Path
) -> None:
    way.fail(f"GET /images/{ids['3.png']}/original", answer(503))
    way.fail("GET /readyz", answer(503))
    run = subprocess.Popen(
        [sys.executable, "-m", "cli", "export", str(tmp_path / "out"), "--url", way.url, "--json", "--jobs", "1"],
        cwd=ROOT, env=environment(shared), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until(lambda: way.count(f"GET /images/{ids['3.png']}/original"), 60)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert said(subprocess.CompletedProcess([], 0, out)) == ["not fetched"] * 4 + ["fetched"] * 2
    assert (run.returncode, err.splitlines()[-1]) == (130, "Stopped. Run it again to go on.")
    assert leftovers(tmp_path / "out") == []
