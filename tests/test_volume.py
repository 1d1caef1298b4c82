"""A full volume, and one that is gone: a named error, and nothing half-written stays."""

from __future__ import annotations

import os

from tests.conftest import Gallery, picture, until


def test_a_full_volume_refuses_uploads_and_keeps_nothing_of_them(gallery: Gallery) -> None:
    gallery.stop("web")
    gallery.start("web", "web", GALLERY_RESERVE_MB=str(1024 * 1024))
    until(lambda: gallery.call("GET", "/readyz").status == 200, 30)
    answer = gallery.upload(picture())
    assert (answer.status, answer.json["code"]) == (507, "volume-full")
    assert os.listdir(gallery.data / "incoming") == os.listdir(gallery.data / "pending") == []


def test_a_volume_that_is_gone_is_named_and_comes_back(gallery: Gallery) -> None:
    away = gallery.data.with_name("away")
    gallery.data.rename(away)
    gallery.data.mkdir()
    answer = gallery.upload(picture())
    assert (answer.status, answer.json["code"]) == (503, "volume-unavailable")
    assert gallery.call("GET", "/").status == 503
    assert gallery.call("GET", "/readyz").status == 503
    assert gallery.call("GET", "/healthz").status == 200
    gallery.data.rmdir()
    away.rename(gallery.data)
    assert gallery.until_ended(gallery.upload(picture()).json["id"], 90)["state"] == "ready"
