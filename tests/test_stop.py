"""Told to stop, every process finishes what it has in hand and takes nothing more; a rolling restart loses nothing."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested

from tests.conftest import Gallery, answers, picture, until
from tests.product import renderers
from worker.rq_worker import ThumbnailWorker
from worker.safe_queue import SafeQueue


def heavy() -> bytes:
    """A picture that takes a worker a while."""
    return picture("PNG", (9000, 8000))


def begun(gallery: Gallery, image_id: str) -> bool:
    return bool(gallery.call("GET", f"/api/images/{image_id}").json["started_at"])


def test_a_worker_told_to_stop_finishes_the_picture_in_its_hands_and_takes_no_other(gallery: Gallery) -> None:
    gallery.stop("worker.2")
    pictures = heavy(), heavy()  # both made before: the first must not be done when the second is there
    first = gallery.upload(pictures[0]).json["id"]
    until(lambda: begun(gallery, first), 60)
    second = gallery.upload(pictures[1]).json["id"]
    assert gallery.stop("worker.1") == 0
    record = gallery.call("GET", f"/api/images/{first}").json
    assert (record["state"], record["attempts"]) == ("ready", 1)
    assert not begun(gallery, second)
    gallery.start("worker.1", "worker")
    assert gallery.until_ended(second, 90)["attempts"] == 1


def test_a_worker_stops_when_told_to_while_redis_is_away(gallery: Gallery) -> None:
    gallery.stop("redis", signal.SIGKILL)
    time.sleep(1.5)
    began = time.monotonic()
    assert gallery.stop("worker.1") == 0
    assert time.monotonic() - began < 20


def test_web_told_to_stop_finishes_the_upload_that_is_arriving(gallery: Gallery) -> None:
    data = picture("PNG", (900, 900), color="#123456")
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=30)
    connection.putrequest("POST", "/api/images?name=slow.png")
    connection.putheader("Content-Length", str(len(data)))
    connection.endheaders(data[:100])
    until(lambda: list((gallery.data / "incoming").iterdir()), 60)
    web = gallery.processes["web"]
    web.send_signal(signal.SIGTERM)
    time.sleep(1)
    connection.send(data[100:])
    answer = connection.getresponse()
    assert answer.status == 201
    assert b"slow.png" in answer.read()
    answer.close()
    connection.close()
    assert web.wait(60) == 0
    del gallery.processes["web"]


def test_a_rolling_restart_under_load_loses_no_request_and_no_image(gallery: Gallery) -> None:
    stopped, ids, refused = threading.Event(), list[str](), list[Any]()

    def upload() -> None:
        while not stopped.is_set():
            try:
                answer = gallery.upload(picture("JPEG", (600, 400)))
                (ids if answer.status == 201 else refused).append(answer.json["id"])
                page = gallery.call("GET", "/")
                if page.status != 200:
                    refused.append(page.status)
            except OSError as error:
                refused.append(repr(error))

    clients = [threading.Thread(target=upload) for _ in range(4)]
    for client in clients:
        client.start()
    for turn in range(2):
        for name in ("worker.1", "worker.2"):
            assert gallery.stop(name) == 0
            gallery.log = log = gallery.data.parent / f"{name}.{turn}.log"
            gallery.start(name, "worker")
            until(lambda: '"listening"' in log.read_text(), 60)  # noqa: B023 - before, a signal would just end it
        gallery.processes["web"].send_signal(signal.SIGHUP)  # gunicorn replaces its processes, the socket stays
        time.sleep(3)
        gallery.stop("redis")
        gallery.start("redis", "launcher.redis")
        until(lambda: answers(gallery.redis_port), 60)
    stopped.set()
    for client in clients:
        client.join(60)
    assert refused == []
    assert ids
    for image_id in ids:
        record = gallery.until_ended(image_id, 90)
        assert (record["state"], record["attempts"]) == ("ready", 1)


def test_a_stop_that_comes_while_a_job_is_fetched_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_to_stop(*_: Any) -> NoReturn:
        raise StopRequested

    monkeypatch.setattr(Queue, "_fetch_dequeued_job", told_to_stop)
    with Redis() as redis, pytest.raises(StopRequested):
        SafeQueue._fetch_dequeued_job(redis, "rq:queue:thumbnails", "a job")


def test_the_gallery_is_the_same_after_everything_was_killed(gallery: Gallery) -> None:
    ids = [gallery.upload(picture()).json["id"] for _ in range(3)]
    gallery.stop_all()
    gallery.start_all()
    for image_id in ids:
        assert gallery.until_ended(image_id, 90)["state"] == "ready"


def test_no_renderer_outlives_its_worker(gallery: Gallery) -> None:
    gallery.upload(picture())
    pids = until(lambda: renderers(gallery, "worker.1") + renderers(gallery, "worker.2"), 60)
    group = {name: gallery.processes[name].pid for name in ("worker.1", "worker.2")}
    for pid in group.values():
        os.kill(pid, signal.SIGKILL)  # the worker alone, not its group
    until(lambda: not any(_runs(pid) for pid in pids), 60)
    gallery.processes.pop("worker.1").wait(10)
    gallery.processes.pop("worker.2").wait(10)


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_stop_that_comes_during_maintenance_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_worker: SimpleWorker) -> NoReturn:
        raise StopRequested

    monkeypatch.setattr(SimpleWorker, "run_maintenance_tasks", stopped)
    with pytest.raises(StopRequested):
        object.__new__(ThumbnailWorker).run_maintenance_tasks()


def test_web_and_workers_send_the_traces_that_are_left_when_they_stop(bare: Gallery) -> None:
    otlp = pytest.importorskip("tests.otlp", reason="the extra `tracing` is not installed")
    with otlp.collector() as sink:
        late = {**sink.environ, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        bare.start_redis()
        bare.start_web(**late)
        bare.start("worker.1", "worker", **late)
        image_id = bare.upload(picture()).json["id"]
        bare.until_ended(image_id)
        assert sink.of(image_id) == []
        assert bare.stop("worker.1") == bare.stop("web") == 0
        assert {"accept", "render both"} <= {span.name for span in sink.of(image_id)}
