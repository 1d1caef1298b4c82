"""Two passes: while others wait for their first picture, a worker makes grids alone, and the views after them."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from redis import Redis
from rq.job import Job

from cli.doctor import examination_of, examine
from pipeline.errors import RendererDied, Unrenderable
from pipeline.images.formats import Limits
from pipeline.queue.connection import connect
from pipeline.queue.events import EventPublisher
from pipeline.queue.lease import Lease
from pipeline.queue.order import PATIENCE_SECONDS, SINCE, take
from pipeline.queue.thumbnails import ThumbnailQueue, view_id
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import Store, ViewCanWait
from pipeline.store.checks.examine import repair
from tests.conftest import Gallery, answers, picture, until
from tests.landscapes import scene
from tests.stores import accept, make
from worker.engine.render import Rendition, render
from worker.render_process.renderer import Renderer
from worker.sweep import Sweep
from worker.thumbnails import RenderContext


@pytest.fixture
def store(bare: Gallery) -> Store:
    store = Store(Settings.from_environment(bare.environ))
    store.prepare()
    return store


@pytest.fixture
def redis(bare: Gallery) -> Iterator[Redis]:
    bare.start("redis", "launcher.redis")
    until(lambda: answers(bare.redis_port), 30)
    with connect(bare.environ["REDIS_URL"], timeout=5) as connection:
        yield connection


@pytest.fixture
def queue(redis: Redis, store: Store) -> ThumbnailQueue:
    lease = Lease(redis, lambda: store.volume.id)
    lease.renew()
    return ThumbnailQueue(redis, 60, lease)


@pytest.fixture
def render_context(store: Store, queue: ThumbnailQueue) -> Iterator[RenderContext]:
    renderer = Renderer(Limits(), 60, lambda: None)
    context = RenderContext(store, renderer, EventPublisher(queue.connection, queue.lease), queue, "test")
    yield context
    context.renderer.stop()


def taken(queue: ThumbnailQueue) -> str:
    found = take(queue.connection, queue.thumbnails.rq.key, queue.views.rq.key, None)
    return found.job_id.decode() if found else ""


def seen_first(redis: Redis) -> tuple[list[str], list[str]]:
    """The images in the order in which their grids were shown, and in which they were ready, by their events."""
    shown: list[str] = []
    ready: list[str] = []
    entries: Any = redis.xrange("gallery:events")
    for _, fields in entries:
        if b"record" not in fields:
            continue
        record = json.loads(fields[b"record"])
        if record["renditions"] and record["id"] not in shown:
            shown.append(record["id"])
        if record["state"] == "ready":
            ready.append(record["id"])
    return shown, ready


def test_everybody_is_seen_before_anybody_has_a_view(gallery: Gallery) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    ids = [gallery.upload(picture("JPEG", (1800, 1200))).json["id"] for _ in range(8)]
    gallery.start("worker.1", "worker")
    records = [gallery.until_ended(image_id, 120) for image_id in ids]
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        shown, ready = seen_first(redis)
        entries: Any = redis.xrange("gallery:events")
        told = [json.loads(fields[b"record"]) for _, fields in entries if b"record" in fields]
        first = next(number for number, record in enumerate(told) if "view" in record["renditions"])
        assert {record["id"] for record in told[:first] if record["renditions"]} == set(ids)
    assert shown == ids
    assert sorted(ready) == sorted(ids)
    for record in records:
        assert (record["state"], record["attempts"], sorted(record["renditions"])) == ("ready", 1, ["grid", "view"])
        times = [record[name] for name in ("received_at", "queued_at", "started_at", "finished_at")]
        assert times == sorted(times)
        assert {made["format"] for made in record["renditions"].values()} == {"webp"}
        assert gallery.call("GET", record["links"]["view"]).status == 200
    assert os.listdir(gallery.data / "pending") == []


def test_one_alone_is_decoded_once(gallery: Gallery) -> None:
    gallery.until_ended(gallery.upload(picture("JPEG", (1800, 1200))).json["id"])
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        until(lambda: redis.zcard("rq:finished:thumbnails") == 1, 20)  # the record is written before the job ends
        assert not redis.exists("rq:finished:views")


def test_first_pictures_are_taken_before_views_and_a_view_that_has_waited_long_before_all(
    queue: ThumbnailQueue,
) -> None:
    views, images = [f"v{number}" for number in range(3)], [f"i{number}" for number in range(3)]
    for image_id in views:
        queue.enqueue_view(image_id)
    for image_id in images:
        queue.enqueue(image_id)
    assert taken(queue) == "i0"
    job = Job.fetch(view_id("v0"), connection=queue.connection, serializer=queue.rq.serializer)
    job.meta[SINCE] -= PATIENCE_SECONDS
    job.save_meta()  # type: ignore[no-untyped-call]
    assert [taken(queue) for _ in range(6)] == ["view-v0", "i1", "i2", "view-v1", "view-v2", ""]


@pytest.mark.parametrize(
    "meta", [b"", b"\xff", b"[]", b"3", b'{"since": "soon"}', b'{"since": null}', b'{"since": {}}']
)
def test_what_cannot_be_read_of_a_view_keeps_no_job_from_its_turn(queue: ThumbnailQueue, meta: bytes) -> None:
    queue.enqueue_view("v")
    queue.connection.hset(Job.key_for(view_id("v")), "meta", meta)
    queue.enqueue("i")
    assert [taken(queue), taken(queue), taken(queue)] == ["i", "view-v", ""]
    queue.connection.set(queue.views.rq.key, "no list")
    queue.enqueue("j")
    assert taken(queue) == "j"


def test_a_job_is_told_whether_others_wait(queue: ThumbnailQueue) -> None:
    keys = queue.thumbnails.rq.key, queue.views.rq.key
    queue.enqueue_view("v")
    for image_id in ("a", "b"):
        queue.enqueue(image_id)
    found = [take(queue.connection, *keys, None) for _ in range(3)]
    assert [one.others_wait for one in found if one] == [True, False, False]


def test_a_grid_is_handed_on_and_its_view_is_enqueued(render_context: RenderContext, queue: ThumbnailQueue) -> None:
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


def test_redis_is_lost_between_the_passes(render_context: RenderContext, queue: ThumbnailQueue) -> None:
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
    assert (store.pending(), store.is_seen(image_id)) == ([image_id], True)


def test_a_view_that_kills_is_tried_three_times_and_the_grid_stays(
    render_context: RenderContext, queue: ThumbnailQueue
) -> None:
    store = render_context.store
    image_id = accept(store, picture("WEBP", (8, 8)))
    render_context.make(image_id, grid_only=True)
    grid = store.get(image_id).renditions
    render_context.renderer.stop()
    render_context.renderer = Renderer(Limits(), 60, lambda: None, child=("tests.children", "dies at the view"))
    for attempt in (1, 2, 3):
        with pytest.raises(RendererDied):
            render_context.make(image_id)
        record = store.get(image_id)
        assert (record.attempts, record.renditions) == (attempt, grid)
    assert record.reason is not None
    assert (record.state, record.reason.code) == (State.FAILED, "killed-its-worker")
    assert store.layout.rendition(image_id, "grid").exists()
    assert examine(store) == []
    render_context.renderer.stop()
    retried = store.retry(image_id)
    assert (retried.state, retried.renditions, store.is_seen(image_id)) == (State.PENDING, grid, True)
    render_context.renderer = Renderer(Limits(), 60, lambda: None)
    render_context.make(image_id)
    assert (store.get(image_id).state, store.get(image_id).renditions["grid"]) == (State.READY, grid["grid"])


def test_a_view_that_kills_in_one_pass_with_its_grid_has_three_attempts_of_its_own(
    render_context: RenderContext,
) -> None:
    store = render_context.store
    image_id = accept(store, picture("WEBP", (8, 8)))
    for _ in range(2):
        with pytest.raises(RuntimeError), store.attempt(image_id, worker="test"):
            raise RuntimeError  # the worker died with it
    render_context.renderer.stop()
    render_context.renderer = Renderer(Limits(), 60, lambda: None, child=("tests.children", "dies at the view"))
    for _ in range(3):
        assert store.get(image_id).state is State.PENDING
        with pytest.raises(RendererDied):
            render_context.make(image_id)
    record = store.get(image_id)
    assert (record.state, record.attempts, list(record.renditions)) == (State.FAILED, 3, ["grid"])


@pytest.mark.parametrize("damage", [b"", b"another picture"])
def test_a_grid_that_is_not_what_its_pass_wrote_is_made_again(store: Store, damage: bytes) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    path = store.layout.rendition(image_id, "grid")
    path.write_bytes(damage) if damage else path.unlink()
    make(store, image_id)
    assert store.get(image_id).state is State.READY
    assert examine(store) == []


def test_a_failed_image_whose_grid_was_lost_is_repaired(store: Store) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    assert examine(store) == []
    store.layout.rendition(image_id, "grid").write_bytes(b"torn")
    examination = examination_of(store)
    found = examination.all()
    assert [violation.code for violation in found] == ["rendition-broken"]
    assert repair(examination, found).left == []
    assert (store.get(image_id).state, store.get(image_id).renditions) == (State.FAILED, {})
    assert store.pending() == []


def test_the_outbox_says_who_waits_for_what(bare: Gallery, store: Store) -> None:
    ids = [accept(store, picture()) for _ in range(5)]
    for image_id in ids[:3]:
        make(store, image_id, grid_only=True)
    os.utime(store.layout.marker(ids[0]), (1, 1))
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
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


def test_a_deleted_image_leaves_neither_job(render_context: RenderContext, queue: ThumbnailQueue) -> None:
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


@pytest.mark.parametrize("size", [(4000, 3000), (1500, 2000), (300, 200)])
def test_the_grid_made_alone_looks_as_the_one_made_with_the_view(size: tuple[int, int]) -> None:
    file = io.BytesIO(scene(1, size)[1])
    pictures = []
    for wanted in (("grid",), ("grid", "view")):
        made: dict[str, Rendition] = {}
        found = render(file, Limits(), lambda one: made.__setitem__(one.name, one), wanted=wanted)  # noqa: B023
        assert sorted(made) == sorted(wanted)
        with Image.open(io.BytesIO(made["grid"].data)) as grid:
            pictures.append((grid.convert("RGB"), (found.width, found.height)))
    (alone, size_alone), (together, size_together) = pictures
    assert (size_alone, alone.size) == (size_together, together.size) == (size, together.size)
    assert max(ImageStat.Stat(ImageChops.difference(alone, together)).rms) < 5


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
    assert os.listdir(gallery.data / "pending") == []


def test_a_grid_of_another_recipe_stays_visible_and_is_made_again(store: Store) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    marker = store.layout.marker(image_id)
    marker.write_bytes(marker.read_bytes().replace(b'"recipe": ', b'"recipe": 1'))
    with store.attempt(image_id, worker="test") as attempt:
        assert (attempt.has_grid, list(attempt.record.renditions)) == (False, ["grid"])
        attempt.roll_back()
