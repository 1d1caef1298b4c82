"""Somebody who can write to the volume, but not read what web reads, plants links, pipes and devices in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gallery, picture
from tests.siege.play import memory_mb

SECRET = b"a secret of this machine"


def accepted(gallery: Gallery) -> tuple[str, Path]:
    image_id = gallery.call("POST", "/api/images", picture()).json["id"]
    return image_id, next((gallery.data / "images").glob(f"*/*/{image_id}"))


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    bare.start_web()
    return bare


def zipped(gallery: Gallery, *ids: str) -> Any:
    asked = json.dumps({"ids": ids}).encode()
    return gallery.call("POST", "/api/zip", asked, {"Content-Type": "application/json"})


def test_a_link_on_the_volume_leads_to_no_other_file(web: Gallery, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(picture() + SECRET)
    image_id, folder = accepted(web)
    (folder / "original.png").unlink()
    (folder / "original.png").symlink_to(tmp_path / "secret")
    for answer in (
        web.call("GET", f"/images/{image_id}/original"),
        web.call("GET", f"/images/{image_id}/download"),
        zipped(web, image_id),
    ):
        assert answer.status == 503
        assert SECRET not in answer.body
    (folder / "image.json").rename(tmp_path / "image.json")
    (folder / "image.json").symlink_to(tmp_path / "image.json")
    assert web.call("GET", f"/api/images/{image_id}").status == 503


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a gigabyte"])
def test_what_is_no_record_blocks_nobody_and_fills_no_memory(web: Gallery, kind: str) -> None:
    image_id, folder = accepted(web)
    record = folder / "image.json"
    record.unlink()
    if kind == "a pipe":
        os.mkfifo(record)
    elif kind == "a device":
        record.symlink_to("/dev/zero")
    else:
        with record.open("wb") as file:
            file.truncate(1 << 30)
    assert web.call("GET", f"/api/images/{image_id}").status == 503
    assert web.call("GET", "/api/images").status == 200
    assert memory_mb(web) < 300
