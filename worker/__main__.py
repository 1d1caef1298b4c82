"""`python -m worker`: wires a worker and runs it until SIGTERM, through any outage of Redis."""

from __future__ import annotations

import logging
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any
from uuid import uuid4

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from pipeline.errors import BadSetting, GalleryError, RendererDied
from pipeline.events import Announcer
from pipeline.formats import Limits
from pipeline.jobs import Thumbnails, connect
from pipeline.logs import set_up_logs
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.trust import ThumbnailJob
from worker import metrics, thumbnails
from worker.renderer import Renderer
from worker.sweep import Sweep

_TTL_SECONDS = 30
_log = structlog.get_logger()


class ThumbnailWorker(SimpleWorker):
    """RQ's loop; decoding happens in the renderer's child, so that no fork is needed for each job."""

    max_connection_wait_time = 3.0
    log_job_description = False
    studio: thumbnails.Studio
    settings: Settings
    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember it for the process: Redis may be gone already, and RQ then leaves its loop by an exception."""
        ThumbnailWorker.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        """Say nothing to Redis from within the signal's handler: it may hang, and the picture in hand comes first."""

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """Touch the heartbeat file before speaking to Redis: an outage of Redis is no fault of ours."""
        touch(self.settings)
        super().heartbeat(*args, **kwargs)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Tell the job when it was enqueued."""
        at = job.enqueued_at
        self.studio.queued_at = at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
        super().execute_job(job, queue)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Only a renderer that died is worth another try at once; the sweep brings back what the volume stopped."""
        if isinstance(exc_info[1], GalleryError) and not isinstance(exc_info[1], RendererDied):
            job.retries_left = 0
        super().handle_exception(job, *exc_info)


def touch(settings: Settings) -> None:
    """Say that the loop is alive."""
    if settings.heartbeat_file is not None:
        with suppress(OSError):
            settings.heartbeat_file.touch()


def main() -> int:
    """Run until told to stop; the exit status."""
    try:
        settings = Settings.from_environment()
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 2
    set_up_logs("worker", settings.log_format)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    if settings.metrics_port:
        metrics.serve(settings.metrics_host, settings.metrics_port)
    store = Store(settings)
    store.prepare()
    connection = connect(settings.redis_url, timeout=_TTL_SECONDS)
    renderer = Renderer(Limits(megapixels=settings.max_megapixels), settings.job_timeout, lambda: touch(settings))
    name = f"{settings.worker_name}-{uuid4().hex[:6]}"
    studio = thumbnails.Studio(store, renderer, Announcer(connection), name)
    thumbnails.studio = studio
    ThumbnailWorker.studio, ThumbnailWorker.settings = studio, settings
    sweep = Sweep(
        store,
        Thumbnails(connect(settings.redis_url, timeout=5), settings.job_timeout),
        settings.sweep_seconds,
    )
    sweep.start()
    _serve(settings, connection, name)
    sweep.stop()
    renderer.stop()
    _log.info("stopped")
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _serve(settings: Settings, connection: Any, name: str) -> None:
    """Run RQ's loop, and begin anew after every failure of Redis, until told to stop."""
    while not ThumbnailWorker.told_to_stop:
        try:
            signal.signal(signal.SIGTERM, _stop)
            signal.signal(signal.SIGINT, _stop)
            touch(settings)
            worker = ThumbnailWorker(
                [Thumbnails(connection, settings.job_timeout).rq],
                name=f"{name}-{uuid4().hex[:4]}",
                connection=connection,
                serializer=JSONSerializer,
                job_class=ThumbnailJob,
                maintenance_interval=60,
                worker_ttl=_TTL_SECONDS,
            )
            _log.info("listening", worker=worker.name)
            worker.work(logging_level="WARNING")
            if not ThumbnailWorker.told_to_stop:
                _pause()
        except KeyboardInterrupt:
            return
        except (RedisError, OSError, ValueError) as error:
            if ThumbnailWorker.told_to_stop:
                return
            _log.warning("redis cannot be reached", error=str(error))
            _pause()


def _pause() -> None:
    """Wait a second, or less where a signal says to stop."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        time.sleep(1)
    except KeyboardInterrupt:
        ThumbnailWorker.told_to_stop = True


if __name__ == "__main__":
    sys.exit(main())
