"""A picture whose decoder always dies is failed after three attempts, and the others go on."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from tests.conftest import Gallery, picture
from tests.product import renderers


def test_a_picture_that_kills_its_renderer_is_tried_three_times_and_then_failed(gallery: Gallery) -> None:
    gallery.stop("worker.2")
    stopped = threading.Event()

    def kill_renderers() -> None:
        while not stopped.wait(0.02):
            for pid in renderers(gallery, "worker.1"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_renderers)
    killer.start()
    try:
        record = gallery.until_ended(gallery.upload(picture("JPEG", (2000, 2000)), "poison.jpg").json["id"], 90)
    finally:
        stopped.set()
        killer.join()
    assert (record["state"], record["attempts"], record["reason"]["code"]) == ("failed", 3, "killed-its-worker")
    assert "tried 3 times" in record["reason"]["message"]
    other = gallery.upload(picture()).json["id"]
    assert gallery.until_ended(other)["state"] == "ready"
    assert gallery.call("POST", f"/api/images/{record['id']}/retry").status == 202
    assert gallery.until_ended(record["id"])["state"] == "ready"
