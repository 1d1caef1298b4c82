"""`GET /metrics` for Prometheus. Counters are summed over all web processes; gauges are read at scrape time."""

from __future__ import annotations

import os
from collections.abc import Iterator

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from pipeline.errors import GalleryError
from pipeline.queue.connection import QueueUnavailable
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.stats import queue_stats
from pipeline.store import Store
from web.listing import Listing, listing
from web.services import services

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show() -> ResponseReturnValue:
    """Every metric, as Prometheus' text."""
    registry = CollectorRegistry()
    registry.register(_Stands(services().store, services().queue, listing()))
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry)
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        text += generate_latest(REGISTRY)
    return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})


class _Stands(Collector):
    """Gauges of the outbox, the volume and the queue; the first two also while Redis is down."""

    def __init__(self, store: Store, queue: ImageQueues, listing: Listing) -> None:
        self._store = store
        self._queue = queue
        self._listing = listing

    def collect(self) -> Iterator[Metric]:
        """Read the gauges. A source that cannot be reached has `_up` 0, and no other gauges."""
        yield from self._volume()
        yield from self._index()
        yield from self._redis()

    def _volume(self) -> Iterator[Metric]:
        try:
            space, waiting, failed = self._store.space(), self._store.waiting(), self._store.failed()
            trashed = self._store.trash_size()
        except GalleryError:
            yield _gauge("gallery_volume_up", "Whether the volume answers.", 0)
            return
        yield _gauge("gallery_volume_up", "Whether the volume answers.", 1)
        yield _gauge("gallery_volume_free_bytes", "Room on the volume.", space.free)
        yield _gauge("gallery_volume_size_bytes", "Size of the volume.", space.total)
        pending = waiting.grids + waiting.views
        yield _gauge("gallery_outbox_images", "Images accepted and not yet at their end.", pending)
        yield _gauge("gallery_outbox_unseen_images", "Those of them that have no picture yet.", waiting.grids)
        oldest = "How long one of these has waited untouched."
        yield _gauge("gallery_outbox_oldest_seconds", oldest, waiting.oldest_grid)
        oldest = "How long an image that has its grid has waited untouched for its view."
        yield _gauge("gallery_views_oldest_seconds", oldest, waiting.oldest_view)
        yield _gauge("gallery_trash_images", "Images in the trash.", trashed.images)
        yield _gauge("gallery_trash_bytes", "Bytes of their originals and renditions.", trashed.bytes)
        yield _gauge("gallery_failed_images", "Images that stand as failed.", len(failed))

    def _index(self) -> Iterator[Metric]:
        progress = self._listing.progress()
        yield _gauge("gallery_index_complete", "Whether all images are in this machine's index.", progress.is_whole)
        yield _gauge("gallery_index_images", "Images in this machine's index.", progress.images)

    def _redis(self) -> Iterator[Metric]:
        another = float(self._queue.lease.held_by_another)
        yield _gauge("gallery_queue_held_by_another", "Whether another gallery uses this Redis database.", another)
        try:
            found = queue_stats(self._queue)
        except QueueUnavailable:
            yield _gauge("gallery_queue_up", "Whether Redis answers.", 0)
            return
        yield _gauge("gallery_queue_up", "Whether Redis answers.", 1)
        oldest = GaugeMetricFamily("gallery_queue_oldest_seconds", "Age of the oldest job.", labels=["queue"])
        jobs = GaugeMetricFamily("rq_jobs", "Jobs by queue and status.", labels=["queue", "status"])
        workers = GaugeMetricFamily("rq_workers", "Live workers by queue and state.", labels=["queues", "state"])
        for name, stats in found.items():
            oldest.add_metric([name], stats.oldest_seconds)
            for status, count in stats.jobs.items():
                jobs.add_metric([name, status], count)
            for state, count in stats.workers.items():
                workers.add_metric([name, state], count)
        yield from (oldest, jobs, workers)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
