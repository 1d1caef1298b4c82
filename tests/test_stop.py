"""Workers stop when told to, whatever Redis does."""

from __future__ import annotations

import signal
import time

from tests.conftest import Gallery


def test_a_worker_stops_when_told_to_while_redis_is_away(gallery: Gallery) -> None:
    gallery.stop("redis", signal.SIGKILL)
    time.sleep(1.5)
    began = time.monotonic()
    assert gallery.stop("worker.1") == 0
    assert time.monotonic() - began < 20


def test_the_gallery_is_the_same_after_everything_was_killed(gallery: Gallery) -> None:
    from tests.conftest import picture, until

    ids = [gallery.upload(picture()).json["id"] for _ in range(3)]
    gallery.stop_all()
    for name, module in (("redis", "launcher.redis"), ("web", "web"), ("worker.1", "worker")):
        gallery.start(name, module)
    until(lambda: gallery.call("GET", "/readyz").status == 200, 30)
    for image_id in ids:
        assert gallery.until_ended(image_id, 90)["state"] == "ready"
