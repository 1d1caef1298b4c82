"""RQ's loop with a third of its words to Redis: a job's begin is one transaction, and so is its end."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from types import FrameType
from typing import Any

import structlog
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import InvalidJobOperation, NoSuchJobError, StopRequested
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.utils import now
from rq.worker import SimpleWorker, WorkerStatus
from rq.worker_registration import register

from pipeline.errors import GalleryError, RendererDied
from pipeline.queue.lease import Lease
from pipeline.queue.safe_job import VOLUME_TAG, NotOurs, ThumbnailJob
from pipeline.records import stamp
from pipeline.settings import Settings
from worker import thumbnails
from worker.safe_queue import SafeQueue

_BEAT_SECONDS = 5.0
_SLACK_SECONDS = 10.0
_log = structlog.get_logger()


class ThumbnailWorker(SimpleWorker):
    """Decoding happens in the renderer's child, so that no fork is needed for each job.

    Left out of what RQ does: dependents, results, repeats and limits of rate, which no job of ours has.
    """

    queue_class = SafeQueue
    max_connection_wait_time = 3.0
    log_job_description = False
    render_context: thumbnails.RenderContext
    settings: Settings
    lease: Lease
    told_to_stop = False
    _begin: Pipeline
    _beaten = _expires = 0.0

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember it for the process: Redis may be gone already, and RQ then leaves its loop by an exception."""
        ThumbnailWorker.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        """Say nothing to Redis from within the signal's handler: it may hang, and the picture in hand comes first."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Touch the heartbeat file first, an outage of Redis is no fault of ours; Redis hears of it when it is time."""
        touch(self.settings)
        seconds, moment = timeout or self.worker_ttl + 60, time.monotonic()
        if moment < self._beaten + _BEAT_SECONDS and moment + seconds < self._expires + _SLACK_SECONDS:
            return
        if pipeline is None:
            with self.connection.pipeline(transaction=False) as together:
                self._present(seconds, together)
                together.execute()
        else:
            self._present(seconds, pipeline)
        self._beaten, self._expires = moment, moment + seconds

    def _present(self, seconds: int, pipeline: Pipeline) -> None:
        """Say all that Redis keeps of a worker: it may have lost its memory since the worker was registered.

        All of it comes before the heartbeat: what is not there gets no time to live.
        """
        pipeline.hset(self.key, mapping={**self.serialize(), "state": self.get_state()})
        register(self, pipeline)
        super().heartbeat(seconds, pipeline)

    def subscribe(self) -> None:
        """Take no commands over Redis: whoever can write there could end the worker, or the job in hand."""

    def check_for_suspension(self, burst: bool) -> None:
        """Nor be suspended over it."""

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Say it where it has changed."""
        if pipeline is not None or state != self.get_state():
            super().set_state(state, pipeline)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Tell the job when it was enqueued, and do it."""
        if self._is_foreign(job):
            self._hand_back(job, queue)
            return
        at = job.enqueued_at
        self.render_context.queued_at = stamp(at) if at else None
        if self.perform_job(job, queue, self.prepare_execution(job)):
            self._state = WorkerStatus.IDLE.value  # which `cleanup_execution` has said
        else:
            self.set_state(WorkerStatus.IDLE)

    def _is_foreign(self, job: Job) -> bool:
        """Whether the job is for another volume than ours."""
        named = job.volume_id if isinstance(job, ThumbnailJob) else None
        return named is not None and named != self.lease.volume_id

    def _hand_back(self, job: Job, queue: Queue) -> None:
        """A job of another gallery: either Redis is that gallery's now, and it goes back to the front of the queue; or
        it is ours and the job was left behind, and it is dropped, since the other's outbox has it.
        """
        self.lease.renew()
        with self.connection.pipeline() as pipeline:
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            if self.lease.held:
                pipeline.delete(job.key)
            else:
                pipeline.lpush(queue.key, job.id)
            pipeline.execute()
        what = "dropped a job of another gallery" if self.lease.held else "handed back a job of another gallery"
        _log.warning(what, job=job.id, volume=str(job.meta.get(VOLUME_TAG))[:80])
        if not self.lease.held:
            raise StopRequested

    def prepare_execution(self, job: Job) -> Execution:
        """First half of the transaction at the begin of a job; `prepare_job_execution` is the other."""
        self._begin = self.connection.pipeline()
        ttl = self.get_heartbeat_ttl(job)
        execution = Execution.create(job, ttl, pipeline=self._begin, worker_name=self.name)
        self.executions[execution.id] = execution
        self.set_state(WorkerStatus.BUSY, pipeline=self._begin)
        return execution

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """Say that the job has begun, and which worker has it."""
        with self._begin as pipeline:
            self.heartbeat(self.get_heartbeat_ttl(job), pipeline=pipeline)
            job.prepare_for_execution(self.name, pipeline=pipeline)
            pipeline.persist(job.key)
            if remove_from_intermediate_queue:
                queue = Queue(job.origin, connection=self.connection)
                pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.execute()

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        """The time is kept for what is said at the end."""
        job.ended_at = now()

    def handle_job_success(
        self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry, execution: Execution
    ) -> None:
        """Say that the job has ended well, which is remembered for a while."""
        ttl = job.get_result_ttl(self.default_result_ttl) or 0
        with self.connection.pipeline() as pipeline:
            self.increment_successful_job_count(pipeline)
            if job.started_at and job.ended_at:
                self.increment_total_working_time(job.ended_at - job.started_at, pipeline)
            job.set_status(JobStatus.FINISHED, pipeline=pipeline)
            job.save(pipeline=pipeline, include_meta=False, include_result=False)
            job.finished_job_registry.add(job, ttl, pipeline)
            pipeline.expire(job.key, ttl)
            self.cleanup_execution(job, pipeline, execution)
            pipeline.execute()

    def cleanup_execution(self, job: Job, pipeline: Pipeline, execution: Execution | None = None) -> None:
        """As RQ's; and nothing is in hand now."""
        super().cleanup_execution(job, pipeline, execution)
        # our own idea of it changes after the transaction: a signal in between must find a worker that is busy
        pipeline.hset(self.key, "state", WorkerStatus.IDLE.value)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Only a renderer that died is worth another try at once; the sweep brings back what the volume stopped.

        What has a name is one line in the log, which the job wrote; a traceback is for our own mistakes.
        """
        error = exc_info[1]
        if isinstance(error, GalleryError):
            if not isinstance(error, RendererDied):
                job.retries_left = 0
        elif isinstance(error, NotOurs | RedisError | OSError):
            _log.warning("job not done", job=job.id, error=str(error))
        else:
            _log.error("job failed", job=job.id, exc_info=exc_info)

    def run_maintenance_tasks(self) -> None:
        """As RQ's; a job that ends while it is looked at, or that cannot be read, costs this round and no more."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except (RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it met, the thumbnails come first
            _log.warning("maintenance of the queue put off", error=f"{type(error).__name__}: {error}")
            self.last_cleaned_at = now()  # type: ignore[assignment]
            for queue in self.queues:
                queue.release_maintenance_lock()  # type: ignore[no-untyped-call]


class OneLine(logging.Filter):
    """Makes one line of what RQ logs with a traceback, if nobody here made a mistake: Redis failed, or a job ended or
    was deleted in the same moment."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RedisError | OSError | InvalidJobOperation | NoSuchJobError):
            record.msg, record.args = f"{record.getMessage()} ({error})", ()
            record.exc_info = None
        return True


def touch(settings: Settings) -> None:
    """Say that the loop is alive."""
    if settings.heartbeat_file is not None:
        with suppress(OSError):
            settings.heartbeat_file.touch()
