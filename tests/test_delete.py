"""Deleting removes an image whole, also while a worker is at it."""

from __future__ import annotations

import time

from cli.doctor import examine
from pipeline.settings import Settings
from pipeline.store import Store
from tests.conftest import Gallery, picture, until


def files(gallery: Gallery, image_id: str) -> list[str]:
    """Everything on the volume that bears the image's id."""
    return [str(path) for path in gallery.data.rglob(f"*{image_id}*")]


def test_an_image_is_removed_whole_while_its_job_runs(gallery: Gallery) -> None:
    data = picture("PNG", (9000, 8000))
    image_id = gallery.upload(data).json["id"]
    until(lambda: gallery.call("GET", f"/api/images/{image_id}").json["started_at"], 60)
    assert gallery.call("DELETE", f"/api/images/{image_id}").status == 204
    assert gallery.call("GET", f"/api/images/{image_id}").status == 404
    again = gallery.upload(data)
    assert again.status == 201
    assert again.json["id"] != image_id
    assert gallery.until_ended(again.json["id"], 90)["state"] == "ready"
    until(lambda: not files(gallery, image_id), 30)
    assert examine(Store(Settings.from_environment(gallery.environ))) == []


def test_an_image_is_removed_whole_while_it_waits(gallery: Gallery) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    image_id = gallery.upload(picture()).json["id"]
    assert gallery.call("DELETE", f"/api/images/{image_id}").status == 204
    assert files(gallery, image_id) == []
    assert gallery.call("GET", "/api/status").json["queue"]["waiting"] == 0
    gallery.start("worker.1", "worker")
    time.sleep(1)
    assert examine(Store(Settings.from_environment(gallery.environ))) == []
