"""`gallery export`: every original gets one verdict, whatever happens to the network, the disk or the gallery."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.commands import command, environment, lines, verdicts
from tests.conftest import ROOT, Gallery, picture, until
from tests.network import Fault, Network, answer, network
from tests.product import mounted, prepared


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A web process with six pictures, each of 400 kB and more."""
    data = tmp_path_factory.mktemp("volume") / "data"
    data.mkdir()
    with prepared(data) as gallery:
        gallery.start("web", "web")
        until(lambda: gallery.call("GET", "/readyz").status == 200, 60)
        for number in range(6):
            assert gallery.upload(picture() + os.urandom(400_000), f"{number}.png").status == 201
        yield gallery


@pytest.fixture
def way(shared: Gallery) -> Iterator[Network]:
    with network(shared.port) as way:
        yield way


@pytest.fixture
def ids(shared: Gallery) -> dict[str, str]:
    """The images' ids by their names."""
    return {image["name"]: image["id"] for image in shared.call("GET", "/api/images").json["images"]}


Export = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fetch(shared: Gallery, way: Network, tmp_path: Path) -> Export:
    """Run the export to `tmp_path/out` over the network."""

    def run(*arguments: str, folder: Path = tmp_path / "out", **options: Any) -> subprocess.CompletedProcess[str]:
        return command(shared, "export", str(folder), "--url", way.url, "--patience", "20", *arguments, **options)

    return run


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The verdicts in the order of the images' names."""
    return [verdict["verdict"] for _, verdict in sorted(verdicts(done).items(), key=lambda item: item[1]["path"][11:])]


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def whole(gallery: Gallery, folder: Path) -> bool:
    """Whether every original is in `folder` as it was uploaded, with every record."""
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    hashes = {sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/*.png")}
    assert leftovers(folder) == []
    return {record["sha256"] for record in records} == hashes and len(records) == 6


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
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    ids = [bare.upload(picture(), f"{number}.png").json["id"] for number in range(3)]
    with network(bare.port) as way:
        first = Fault(call=lambda: bare.call("DELETE", f"/api/images/{ids[0]}"))
        way.fail(f"GET /images/{ids[2]}/original", first, times=1)  # the newest is fetched first
        done = command(bare, "export", str(tmp_path / "out"), "--url", way.url, "--json", "--jobs", "1")
    assert (done.returncode, said(done)) == (1, ["deleted", "fetched", "fetched"])


def test_an_original_that_the_volume_lost_is_called_missing(bare: Gallery, tmp_path: Path) -> None:
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    lost = bare.upload(picture(), "0.png").json["id"]
    bare.upload(picture(), "1.png")
    next(bare.data.glob(f"images/**/{lost}/original.png")).unlink()
    done = command(bare, "export", str(tmp_path / "out"), "--json")
    assert (done.returncode, said(done)) == (1, ["missing", "fetched"])


def test_a_gallery_that_goes_and_stays_away_ends_the_export_with_a_verdict_for_each(
    bare: Gallery, tmp_path: Path
) -> None:
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
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


def test_a_full_disk_ends_the_export_with_a_sentence_and_a_sum(fetch: Export, shared: Gallery, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=1m") as mounts:
        if not mounts:
            pytest.skip("needs the right to mount")
        done = fetch("--json", "--jobs", "1", folder=tmp_path / "small")
        assert done.returncode == 2
        assert said(done) == ["not fetched"] * 4 + ["fetched"] * 2
        assert "takes no more: No space left on device. Run it again to go on." in done.stderr
        assert leftovers(tmp_path / "small") == []
        subprocess.run(["mount", "-o", "remount,size=20m", str(tmp_path / "small")], check=True)
        done = fetch("--json", folder=tmp_path / "small")
        assert (done.returncode, said(done)) == (0, ["fetched"] * 4 + ["here already"] * 2)
        assert whole(shared, tmp_path / "small")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "small")], check=True)
        done = fetch("--json", folder=tmp_path / "small")
        assert (done.returncode, said(done)) == (2, ["here already"] * 6)
        assert "Read-only file system" in done.stderr


def test_a_folder_that_cannot_be_made_is_named(fetch: Export, tmp_path: Path) -> None:
    with mounted(tmp_path / "readonly", "ro,size=1m") as mounts:
        if not mounts:
            pytest.skip("needs the right to mount")
        done = fetch(folder=tmp_path / "readonly" / "out")
    assert (done.returncode, done.stderr.count("\n"), "Read-only file system: " in done.stderr) == (2, 1, True)
    (tmp_path / "file").touch()
    assert fetch(folder=tmp_path / "file" / "out").returncode == 2


def test_what_stands_in_the_way_of_one_file_is_named_and_the_rest_is_fetched(
    fetch: Export, ids: dict[str, str], tmp_path: Path
) -> None:
    paths = {name: tmp_path / "out" / path["path"] for name, path in by_name(fetch("--json"), ids).items()}
    for name in ("0.png", "1.png", "2.png", "3.png"):
        paths[name].unlink()
    paths["0.png"].mkdir()
    os.mkfifo(paths["1.png"])  # opening it would hang
    paths["2.png"].symlink_to(paths["2.png"])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    paths["3.png"].with_name(f".{ids['3.png']}.part").symlink_to(elsewhere)
    done = fetch("--json")
    assert (done.returncode, said(done)) == (1, ["not written", "fetched", "fetched", "fetched"] + ["here already"] * 2)
    assert elsewhere.read_text() == "mine"
    assert "not written   " in fetch().stdout


def by_name(done: subprocess.CompletedProcess[str], ids: dict[str, str]) -> dict[str, Any]:
    found = verdicts(done, "id")
    return {name: found[image_id] for name, image_id in ids.items()}


def test_a_name_of_any_length_finds_a_place(bare: Gallery, tmp_path: Path) -> None:
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    for name in (
        "\U0001f600" * 250 + ".png",
        "\u65e5" * 300,
        "a." + "\U0001f600" * 100,
        "\U0001f469\u200d\U0001f680.png",
    ):
        assert bare.upload(picture(), name).status == 201
    done = command(bare, "export", str(tmp_path / "out"), "--json")
    assert (done.returncode, lines(done)[-1]["sum"]) == (0, {"fetched": 4})


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


def test_what_came_without_metadata_is_known_again_and_a_damaged_list_of_it_costs_a_download(
    bare: Gallery, tmp_path: Path
) -> None:
    read = "r" * 24
    bare.start("web", "web", GALLERY_TOKEN=f"me:admin:{'a' * 24},other:read:{read}", GALLERY_ORIGINALS="admin")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    headers, exif = {"Authorization": f"Bearer {'a' * 24}"}, Image.Exif()
    exif[0x013B] = "A photographer"
    for number in range(2):
        data = picture("JPEG", exif=exif)
        assert bare.call("POST", f"/api/images?name={number}.jpg", data, headers).status == 201

    def run() -> tuple[int, list[str]]:
        done = command(bare, "export", str(tmp_path / "out"), "--token", read, "--json")
        return done.returncode, said(done)

    fetched = (0, ["fetched without metadata"] * 2)
    assert run() == fetched
    assert run() == (0, ["here already"] * 2)
    listed = tmp_path / "out" / ".without-metadata.jsonl"
    for damaged in (os.urandom(500), b"\0" * 500, b'{"id": ["a"], "sha256": {}, "etag": 7}\n[]\n', b""):
        listed.write_bytes(damaged)
        assert run() == fetched
    listed.write_bytes(listed.read_bytes() + b'{"id": "torn')
    assert run() == (0, ["here already"] * 2)


# --- a gallery that means harm


GOOD = "0197a3c0-0000-7000-8000-0123456789ab"
RECORD = {
    "id": GOOD, "name": "a.png", "state": "ready", "bytes": 10, "sha256": "0" * 64,
    "received_at": "2026-01-02T03:04:05Z",
}  # fmt: skip


@pytest.fixture
def hostile(bare: Gallery) -> Iterator[Callable[[Any], Gallery]]:
    """A server in the gallery's place that lists a record as it is told, and whose originals never end."""
    page: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            if self.path.startswith("/api/images"):
                self.wfile.write(json.dumps(page[0]).encode())
            elif self.path.endswith("/original"):
                while True:
                    self.wfile.write(bytes(100_000))

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", bare.port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def told(answer: Any) -> Gallery:
            page[:] = [answer]
            return bare

        yield told
        server.shutdown()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../../etc/passwd"},
        {"id": f"{GOOD}\n"},
        {"received_at": "../../etc"},
        {"received_at": "\u0662\u0660\u0662\u0666-01-02T"},
        {"sha256": "x"},
        {"bytes": "many"},
        {"name": 7},
    ],
)
def test_a_record_that_no_gallery_makes_ends_the_export(
    hostile: Callable[[Any], Gallery], tmp_path: Path, change: dict[str, Any]
) -> None:
    gallery = hostile({"images": [RECORD | change], "next": None})
    done = command(gallery, "export", str(tmp_path / "out"))
    assert (done.returncode, "answers, but not as this gallery does." in done.stderr) == (2, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_original_without_end_fills_no_disk_and_a_name_forges_no_line(
    hostile: Callable[[Any], Gallery], tmp_path: Path
) -> None:
    gallery = hostile({"images": [RECORD | {"name": "a\nfetched       all is well\x1b[2J"}], "next": None})
    done = command(gallery, "export", str(tmp_path / "out"), timeout=60)
    assert done.returncode == 1
    line, total = done.stdout.splitlines()
    assert line.startswith(f"damaged       {GOOD} a\\nfetched       all is well\\x1b[2J: ")
    assert total == "1 damaged"
    assert leftovers(tmp_path / "out") == []


def test_a_listing_without_end_is_left(hostile: Callable[[Any], Gallery], tmp_path: Path) -> None:
    gallery = hostile({"images": [], "next": GOOD})
    done = command(gallery, "export", str(tmp_path / "out"), timeout=60)
    assert (done.returncode, "answers, but not as this gallery does." in done.stderr) == (2, True)


# --- delete


def test_one_record_that_cannot_be_read_stops_no_deletion(bare: Gallery) -> None:
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    ids = [bare.upload(picture()).json["id"] for _ in range(3)]
    with network(bare.port) as way:
        way.fail(f"DELETE /api/images/{ids[1]}", answer(503, b'{"code": "volume-unavailable", "detail": "No."}'))
        odd = ["../images", "a\nb", f"{ids[0]}/../{ids[2]}", "\udcff"]
        done = command(bare, "delete", *ids, *odd, "--yes", "--json", "--url", way.url)
        assert [line["verdict"] for line in lines(done)] == ["deleted", "refused", "deleted", *["not there"] * 4]
        assert done.returncode == 1
        assert way.count("DELETE") == 6
