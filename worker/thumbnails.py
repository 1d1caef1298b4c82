"""The job: make the thumbnails of one image."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import structlog
from rq import get_current_job

from pipeline.errors import (
    GalleryError,
    ImageNotFound,
    OriginalMissing,
    RendererDied,
    VolumeUnavailable,
    volume_error,
)
from pipeline.images.recipe import RECIPE
from pipeline.queue.events import EventPublisher
from pipeline.queue.safe_job import ThumbnailJob
from pipeline.records import MAX_ATTEMPTS, stamp
from pipeline.store import Attempt, NothingToDo, Store
from worker import metrics
from worker.engine.render import Rendition
from worker.render_process.renderer import Renderer

_log = structlog.get_logger()


@dataclass(slots=True)
class RenderContext:
    """What a job needs, built by `worker.__main__`."""

    store: Store
    renderer: Renderer
    events: EventPublisher
    worker: str

    def make(self, image_id: str, queued_at: str | None = None) -> None:
        """Bring one pending image to its end, or raise: what is raised shows in the queue as a failure."""
        with structlog.contextvars.bound_contextvars(image=image_id):
            self._make(image_id, queued_at)

    def _make(self, image_id: str, queued_at: str | None) -> None:
        try:
            with self.store.attempt(image_id, worker=self.worker, queued_at=queued_at) as attempt:
                self._try(attempt)
        except NothingToDo:
            _log.info("nothing to do")
        except ImageNotFound:
            _log.info("image deleted meanwhile")
        except VolumeUnavailable as error:
            _log.warning("put off", why=error.why)
            raise
        except OSError as error:
            _log.warning("put off", why=str(error))
            raise volume_error(error) from error

    def _try(self, attempt: Attempt) -> None:
        if attempt.exhausted:
            how = RendererDied("the worker itself died", attempt.number)
            self._fail(attempt, how)
            raise how
        self.events.changed(attempt.record)
        first = attempt.record.recipe is None

        def publish(rendition: Rendition) -> None:
            attempt.put(rendition.name, rendition.data, rendition.width, rendition.height)
            if rendition.name == "grid":
                attempt.show(RECIPE)
                self.events.changed(attempt.record)

        try:
            with metrics.RENDER_SECONDS.labels(attempt.record.format).time(), attempt.unless_deleted():
                picture = self.renderer.render(attempt.original, publish)
            record = attempt.finish(**asdict(picture), recipe=RECIPE)
        except ImageNotFound:
            raise
        except RendererDied as death:
            if attempt.number >= MAX_ATTEMPTS:
                self._fail(attempt, type(death)(death.how, attempt.number))
            else:
                _log.warning("the renderer died", how=death.how, attempt=attempt.number)
            raise
        except GalleryError as error:
            self._fail(attempt, error)
            raise
        except FileNotFoundError:
            with attempt.unless_deleted():
                missing = not attempt.has_original()
            if missing:
                self._fail(attempt, OriginalMissing())
                return
            attempt.roll_back()
            raise
        except BaseException:
            if attempt.open:
                attempt.roll_back()
            raise
        self.events.changed(record)
        if first:
            metrics.ready(record)
        _log.info("ready", attempt=record.attempts, format=record.format.value)

    def _fail(self, attempt: Attempt, error: GalleryError) -> None:
        try:
            self.events.changed(attempt.fail(error))
        except BaseException:
            # the volume is at fault, and the reason must not be lost; a picture that kills stays counted
            if attempt.open and not isinstance(error, RendererDied):
                attempt.roll_back()
            raise
        metrics.FAILURES.labels(error.code).inc()
        _log.warning("failed", code=error.code, attempt=attempt.number)


def make_thumbnail(image_id: str) -> None:
    """Make `grid.webp` and `view.webp` of a pending image; run twice, or at once, the result is the same."""
    job, context = job_in_hand()
    context.make(image_id, stamp(job.enqueued_at) if job.enqueued_at else None)


def job_in_hand() -> tuple[ThumbnailJob, RenderContext]:
    """The job that runs this code, and what its worker gave it; raises outside of a worker."""
    job = get_current_job()
    context = job.context if isinstance(job, ThumbnailJob) else None
    if not isinstance(job, ThumbnailJob) or context is None:
        raise RuntimeError("this job runs only in `python -m worker`")
    return job, context
