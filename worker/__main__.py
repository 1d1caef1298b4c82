"""`python -m worker`: wires a worker and runs it until SIGTERM, through any outage of Redis."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from uuid import uuid4

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import StopRequested

from pipeline.errors import BadSetting, RendererDied
from pipeline.images.formats import Limits
from pipeline.images.view_format import ViewFormat
from pipeline.logs import set_up_logs
from pipeline.queue.connection import connect
from pipeline.queue.events import EventPublisher
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.lease import Lease
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.tracing import make_tracer
from pipeline.volume.files import keep_from_others
from worker import metrics
from worker.render_process.frames import Ready
from worker.render_process.renderer import CannotStart, Renderer
from worker.rq_worker import TTL_SECONDS, OneLine, ThumbnailWorker, WorkerContext, touch
from worker.sweep import Sweep
from worker.thumbnails import RenderContext

_log = structlog.get_logger()


def main() -> int:
    """Run until told to stop; the exit status."""
    try:
        settings = Settings.from_environment()
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 2
    keep_from_others()
    set_up_logs("worker", settings.log_format)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    logging.getLogger("rq.worker").addFilter(OneLine())
    if settings.metrics_port:
        metrics.serve(settings.metrics_host, settings.metrics_port)
    store = Store(settings)
    store.prepare()
    connection = connect(settings.redis_url, timeout=TTL_SECONDS)
    lease = Lease(connect(settings.redis_url, timeout=5), lambda: store.volume.id)
    renderer = Renderer(
        Limits(megapixels=settings.max_megapixels),
        settings.job_timeout,
        lambda: touch(settings),
        effort=settings.webp_effort,
        view_format=settings.view_format,
        require_sandbox=settings.require_sandbox,
    )
    if not _can_start(renderer):
        return 1
    if renderer.ready is not None:
        warn_of_lacks(renderer.ready, settings.view_format)
    name = f"{settings.worker_name}-{uuid4().hex[:6]}"
    queue = ImageQueues(connect(settings.redis_url, timeout=5), settings.job_timeout, lease)
    tracer = make_tracer("worker", settings.otlp_endpoint)
    render_context = RenderContext(store, renderer, EventPublisher(connection, lease), queue, name, tracer)
    lease.start()
    sweep = Sweep(store, queue, settings.sweep_seconds, name)
    sweep.start()
    _serve(WorkerContext(render_context, settings, lease), connection)
    lease.stop()
    sweep.stop()
    renderer.stop()
    tracer.stop()
    _log.info("stopped")
    return 0


def _can_start(renderer: Renderer) -> bool:
    """Start the process that decodes, so that the first picture does not wait for it."""
    try:
        renderer.start()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return False
    except RendererDied as death:
        _log.warning("the process that decodes did not start, and is started with the first picture", how=death.how)
    return True


def warn_of_lacks(ready: Ready, view_format: ViewFormat) -> None:
    """Log what the libraries of the process that decodes lack."""
    if not ready.calls_libwebp:
        _log.warning("this Pillow's libwebp cannot be called directly: thumbnails are a little less close")
    if view_format is ViewFormat.AUTO and not ready.writes_avif:
        _log.warning("this Pillow has no AVIF encoder: views of photographs are WebP")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _serve(context: WorkerContext, connection: Redis) -> None:
    """Run RQ's worker, and a new one after every failure of Redis, until a signal. Wait while Redis is another's."""
    # Our handler raises one, RQ's the other; RQ's stays set after its worker has failed.
    with suppress(KeyboardInterrupt, StopRequested):
        while not context.is_stopping:
            try:
                _serve_once(context, connection)
            except (RedisError, OSError, ValueError) as error:
                if context.is_stopping:
                    return
                _log.warning("redis cannot be reached", error=str(error))
                _pause()


def _serve_once(context: WorkerContext, connection: Redis) -> None:
    """Run one of RQ's workers until it ends, or wait a second while Redis is another's."""
    _handle_signals()
    touch(context.settings)
    if not context.lease.held:
        _pause()
        return
    worker = ThumbnailWorker(context, f"{context.render.worker}-{uuid4().hex[:4]}", connection)
    _log.info("listening", worker=worker.name)
    worker.work(logging_level="WARNING")
    if not context.is_stopping:
        _pause()


def _pause() -> None:
    """Wait a second; a signal ends it."""
    _handle_signals()
    time.sleep(1)


def _handle_signals() -> None:
    """Let a signal raise `KeyboardInterrupt`, in place of RQ's handlers."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)


if __name__ == "__main__":
    # it takes no options, so one that is given is a mistake, and --help starts nothing
    argparse.ArgumentParser(
        prog="python -m worker", description="Make thumbnails. Settings are environment variables."
    ).parse_args()
    sys.exit(main())
