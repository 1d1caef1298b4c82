"""Between a grid and its view: the job is enqueued, found again when lost, counted, and gone with its image."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from cli.doctor import examine
from pipeline.queue.image_queues import ImageQueues, view_id
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import Store, ViewCanWait
from tests.conftest import Gallery, picture, until
from tests.stores import accept, make
from worker.sweep import Sweep
from worker.thumbnails import RenderContext


def test_a_grid_is_handed_on_and_its_view_is_enqueued(render_context: RenderContext, queue: ImageQueues) -> None:
    store = render_context.store
    image_id = accept(store, picture("PNG", (900, 600)))
    render_context.make(image_id, grid_only=True)
    record = store.get(image_id)
    assert (record.state, list(record.renditions), record.placeholder is None) == (State.PENDING, ["grid"], False)
    assert queue.views.rq.job_ids == [view_id(image_id)]
    with pytest.raises(ViewCanWait), store.attempt(image_id, worker="test", grid_only=True):
        pass
    render_context.make(image_id, grid_only=True)  # as a job that was lost and found
    assert (store.get(image_id).attempts, queue.views.rq.job_ids) == (1, [view_id(image_id)])
    render_context.make(image_id)
    after = store.get(image_id)
    assert (after.state, after.renditions["grid"], after.attempts) == (State.READY, record.renditions["grid"], 1)
    assert (after.started_at, after.placeholder) == (record.started_at, record.placeholder)
    assert examine(store) == []


def test_redis_is_lost_between_the_passes(render_context: RenderContext, queue: ImageQueues) -> None:
    store = render_context.store
    seen, unseen = accept(store, picture()), accept(store, picture())
    render_context.make(seen, grid_only=True)
    queue.connection.flushall()
    queue.lease.renew()
    assert Sweep(store, queue, 30).sweep() == 2
    assert (queue.thumbnails.rq.job_ids, queue.views.rq.job_ids) == ([unseen], [view_id(seen)])
    assert Sweep(store, queue, 30).sweep() == 0


def test_a_view_is_left_to_the_sweep_if_redis_is_away(render_context: RenderContext, bare: Gallery) -> None:
    store = render_context.store
    image_id = accept(store, picture())
    bare.stop("redis", signal.SIGKILL)
    render_context.make(image_id, grid_only=True)
    assert (store.pending(), store.has_grid(image_id)) == ([image_id], True)


def test_the_outbox_says_who_waits_for_what(bare: Gallery, store: Store) -> None:
    ids = [accept(store, picture()) for _ in range(5)]
    for image_id in ids[:3]:
        make(store, image_id, grid_only=True)
    os.utime(store.layout.marker(ids[0]), (1, 1))
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    status = bare.call("GET", "/api/status").json
    assert (status["pending"], status["without_grid"], status["queue"], status["views"]) == (5, 2, None, None)
    page = bare.call("GET", "/").body.decode()
    assert "2 waiting for a picture, 3 for their large view" in page
    assert page.count("<img") == 3
    metrics = bare.call("GET", "/metrics").body.decode()
    figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert (figures["gallery_outbox_images"], figures["gallery_outbox_unseen_images"]) == ("5.0", "2.0")
    assert float(figures["gallery_views_oldest_seconds"]) > 1000 > float(figures["gallery_outbox_oldest_seconds"])
    one = bare.call("GET", f"/images/{ids[0]}").body.decode()
    assert "The large view is waiting to be made." in one
    assert "grid.webp" in one


def test_a_deleted_image_leaves_neither_job(render_context: RenderContext, queue: ImageQueues) -> None:
    store = render_context.store
    image_id = accept(store, picture())
    queue.enqueue(image_id)
    render_context.make(image_id, grid_only=True)
    store.delete(image_id)
    queue.remove(image_id)
    left: Any = queue.connection.keys(f"*{image_id}*")
    assert (left, queue.rq.job_ids, queue.views.rq.job_ids) == ([], [], [])
    render_context.make(image_id)
    assert examine(store) == []


def test_a_worker_that_dies_between_the_passes_loses_no_view(gallery: Gallery) -> None:
    for _ in range(2):
        for name in ("worker.1", "worker.2"):
            os.killpg(gallery.processes[name].pid, signal.SIGSTOP)
        ids = [gallery.upload(picture("JPEG", (1800, 1200))).json["id"] for _ in range(12)]
        store = Store(Settings.from_environment(gallery.environ))
        for name in ("worker.1", "worker.2"):
            os.killpg(gallery.processes[name].pid, signal.SIGCONT)
        until(lambda: store.waiting().views, 60, 0.005)  # noqa: B023
        for name in ("worker.1", "worker.2"):
            gallery.stop(name, signal.SIGKILL)
            gallery.start(name, "worker")
        time.sleep(0.5)
        for image_id in ids:
            assert gallery.until_ended(image_id, 120)["state"] == "ready"
        until(lambda: os.listdir(gallery.data / "pending") == [], 60)
