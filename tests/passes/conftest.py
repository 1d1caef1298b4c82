"""A volume, Redis and its queues, and what a worker renders with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from pipeline.images.formats import Limits
from pipeline.queue.connection import connect
from pipeline.queue.events import EventPublisher
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.lease import Lease
from pipeline.settings import Settings
from pipeline.store import Store
from tests.conftest import Gallery, answers, until
from worker.render_process.renderer import Renderer
from worker.thumbnails import RenderContext


@pytest.fixture
def store(bare: Gallery) -> Store:
    store = Store(Settings.from_environment(bare.environ))
    store.prepare()
    return store


@pytest.fixture
def redis(bare: Gallery) -> Iterator[Redis]:
    bare.start("redis", "launcher.redis")
    until(lambda: answers(bare.redis_port), 60)
    with connect(bare.environ["REDIS_URL"], timeout=5) as connection:
        yield connection


@pytest.fixture
def queue(redis: Redis, store: Store) -> ImageQueues:
    lease = Lease(redis, lambda: store.volume.id)
    lease.renew()
    return ImageQueues(redis, 60, lease)


@pytest.fixture
def render_context(store: Store, queue: ImageQueues) -> Iterator[RenderContext]:
    renderer = Renderer(Limits(), 60, lambda: None)
    context = RenderContext(store, renderer, EventPublisher(queue.connection, queue.lease), queue, "test")
    yield context
    context.renderer.stop()
