"""However an import ends, there is a verdict for each file and a sentence."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import command, environment, verdicts
from tests.conftest import ROOT, Gallery, picture, until
from tests.importing.verdicts import Import, holds, only
from tests.network import Network, answer


def started(gallery: Gallery, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], cwd=ROOT, env=environment(gallery), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_ctrl_c_ends_an_import_soon_with_a_verdict_for_each_file(shared: Gallery, way: Network, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number:02}.png").write_bytes(picture())
    way.fail("POST /api/images?name=05.png", answer(503), times=9)
    way.fail("GET /readyz", answer(503))
    run = started(shared, "import", str(folder), "--url", way.url, "--json", "--jobs", "1", "--patience", "600")
    until(lambda: way.count("POST /api/images?name=05.png"), 60)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    found = [verdict["verdict"] for _, verdict in sorted(verdicts(subprocess.CompletedProcess([], 0, out)).items())]
    assert found == ["accepted"] * 5 + ["not sent"] * 15
    assert (run.returncode, err.splitlines()[-1]) == (130, "Stopped. Run it again to go on.")


def test_ctrl_c_while_thumbnails_are_waited_for_reports_what_was_accepted(shared: Gallery, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())  # no worker runs
    run = started(shared, "import", str(folder), "--json", "--wait")
    until(lambda: holds(shared, (folder / "a.png").read_bytes()), 60)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=30)
    only(subprocess.CompletedProcess([], run.returncode, out), "accepted", 130)


def test_a_reader_of_the_verdicts_that_goes_ends_the_import_quietly(shared: Gallery, folder: Path) -> None:
    for number in range(400):  # more than a pipe holds
        (folder / f"{number:0200}.png").write_bytes(picture(size=(20, 20)))
    run = started(shared, "import", str(folder))
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.readline()
    run.stdout.close()
    said = run.stderr.read()
    run.stderr.close()
    assert run.wait(60) == 1
    assert "Traceback" not in said


def test_verdicts_that_cannot_be_written_end_the_import_with_a_sentence(send: Import, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    with Path("/dev/full").open("w") as full:
        done = send(capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, "No space left on device" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url",
    ["http://", "ftp://host/", "http://host:port/", "http://a b/", "http://[::1", "http://127.0.0.1:99999", "\udcff"],
)
def test_an_address_that_is_none_is_refused_at_once(send: Import, folder: Path, url: str) -> None:
    done = send("--url", url, "--patience", "600", timeout=60)
    assert (done.returncode, "is not the address of a gallery" in done.stderr) == (2, True)


def test_a_token_that_is_none_is_refused_at_once_and_not_shown(send: Import, folder: Path) -> None:
    done = send("--token", "sécret\n", timeout=60)
    assert (done.returncode, "cret" in done.stderr.replace("characters", "")) == (2, False)


def test_the_command_finds_a_gallery_on_ipv6_by_its_settings(bare: Gallery, folder: Path) -> None:
    bare.environ["GALLERY_HOST"] = "[::1]"
    bare.host = f"[::1]:{bare.port}"
    bare.start_web()
    assert "GB free" in command(bare, "status", "--patience", "0").stdout
