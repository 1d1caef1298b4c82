"""Without a trash, deleting removes an image whole, also while a worker is at it."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter

from cli.doctor import examine
from pipeline.settings import Settings
from pipeline.store import Store
from tests.conftest import Gallery, picture, until
from tests.pictures import undecodable


def files(gallery: Gallery, image_id: str) -> list[str]:
    """Everything on the volume that bears the image's id."""
    return [str(path) for path in gallery.data.rglob(f"*{image_id}*")]


def without_trash(gallery: Gallery) -> Gallery:
    gallery.environ["GALLERY_TRASH_DAYS"] = "0"
    gallery.start_all()
    return gallery


def test_an_image_is_removed_whole_while_its_job_runs(bare: Gallery) -> None:
    bare.environ["GALLERY_JOB_TIMEOUT"] = "120"
    gallery = without_trash(bare)
    data = picture("PNG", (9000, 8000))
    image_id = gallery.upload(data).json["id"]
    until(lambda: gallery.call("GET", f"/api/images/{image_id}").json["started_at"], 60)
    assert gallery.call("DELETE", f"/api/images/{image_id}").status == 204
    assert gallery.call("GET", f"/api/images/{image_id}").status == 404
    again = gallery.upload(data)
    assert again.status == 201
    assert again.json["id"] != image_id
    assert gallery.until_ended(again.json["id"], 300)["state"] == "ready"
    until(lambda: not files(gallery, image_id), 60)
    assert examine(Store(Settings.from_environment(gallery.environ))) == []


def test_an_image_is_removed_whole_while_it_waits(bare: Gallery) -> None:
    gallery = without_trash(bare)
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    image_id = gallery.upload(picture()).json["id"]
    assert gallery.call("DELETE", f"/api/images/{image_id}").status == 204
    assert files(gallery, image_id) == []
    assert gallery.queue()["waiting"] == 0
    gallery.start("worker.1", "worker")
    time.sleep(1)
    assert examine(Store(Settings.from_environment(gallery.environ))) == []


def test_deleting_under_the_workers_hands_fails_no_request_and_leaves_no_traceback(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start_all()
    statuses: Counter[int] = Counter()
    end = time.monotonic() + 6

    def upload_and_delete(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < end:
            size = chance.choice(((200, 200), (1500, 1200)))
            sent = bare.upload(picture("JPEG", size))
            statuses[sent.status] += 1
            time.sleep(chance.choice((0, 0.01, 0.05, 0.15)))
            statuses[bare.call("DELETE", f"/api/images/{sent.json['id']}").status] += 1

    clients = [threading.Thread(target=upload_and_delete, args=(seed,)) for seed in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert set(statuses) == {201, 204}
    until(lambda: not list((bare.data / "pending").iterdir()), 60)
    until(lambda: bare.queue()["running"] == 0, 60)
    said = bare.log.read_text()
    assert "Traceback" not in said
    assert '"put off"' not in said  # of an image; a sweep may be


def test_a_broken_picture_is_one_line_in_the_log(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start_all()
    image_id = bare.upload(undecodable(), "broken.jpg").json["id"]
    assert bare.until_ended(image_id)["state"] == "failed"
    until(lambda: bare.queue()["running"] == 0, 60)
    lines = [json.loads(line) for line in bare.log.read_text().splitlines() if image_id in line]
    assert [line["event"] for line in lines if line.get("process") == "worker"] == ["failed"]
