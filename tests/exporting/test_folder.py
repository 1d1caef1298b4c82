"""The folder that is exported to: full, in the way, or there already."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.commands import command, lines
from tests.conftest import Gallery, picture
from tests.exporting.verdicts import Export, by_name, leftovers, said, whole
from tests.product import mounted


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


def test_a_name_of_any_length_finds_a_place(bare: Gallery, tmp_path: Path) -> None:
    bare.start_web()
    for name in (
        "\U0001f600" * 250 + ".png",
        "\u65e5" * 300,
        "a." + "\U0001f600" * 100,
        "\U0001f469\u200d\U0001f680.png",
    ):
        assert bare.upload(picture(), name).status == 201
    done = command(bare, "export", str(tmp_path / "out"), "--json")
    assert (done.returncode, lines(done)[-1]["sum"]) == (0, {"fetched": 4})


def test_what_came_without_metadata_is_known_again_and_a_damaged_list_of_it_costs_a_download(
    bare: Gallery, tmp_path: Path
) -> None:
    read = "r" * 24
    bare.start_web(GALLERY_TOKEN=f"me:admin:{'a' * 24},other:read:{read}", GALLERY_ORIGINALS="admin")
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
