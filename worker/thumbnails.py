"""The jobs: make the thumbnails of one image, in one pass, or the grid first and the view when no grid waits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

import structlog
from rq import get_current_job

from pipeline.errors import (
    GalleryError,
    ImageNotFound,
    OriginalMissing,
    RendererDied,
    UnusableRecord,
    VolumeUnavailable,
    volume_error,
)
from pipeline.images.recipe import FACTS_VERSION, RECIPE
from pipeline.queue.connection import QueueUnavailable
from pipeline.queue.events import EventPublisher
from pipeline.queue.image_queues import QUEUE, VIEWS, ImageQueues
from pipeline.queue.safe_job import ThumbnailJob
from pipeline.records import RENDITIONS, Record
from pipeline.store import Attempt, NothingToDo, Store, ViewCanWait
from pipeline.times import format_rfc3339, now
from pipeline.tracing import Tracer
from worker import metrics
from worker.engine.picture import Picture, Rendition
from worker.render_process.renderer import Renderer
from worker.tracing import traced

_log = structlog.get_logger()


class Pass(StrEnum):
    """What one attempt makes: a rendition, or both from one decode. Traces and metrics have it as a label."""

    GRID = "grid"
    VIEW = "view"
    BOTH = "both"

    @property
    def renditions(self) -> tuple[str, ...]:
        """The names of the renditions."""
        return RENDITIONS if self is Pass.BOTH else (self.value,)


@dataclass(slots=True)
class RenderContext:
    """What a job needs, built by `worker.__main__`."""

    store: Store
    renderer: Renderer
    events: EventPublisher
    queue: ImageQueues
    worker: str
    tracer: Tracer = field(default_factory=Tracer)

    def make(self, image_id: str, queued_at: str | None = None, *, grid_only: bool = False, queue: str = QUEUE) -> None:
        """Bring one pending image to its end, or to its grid, or raise: what is raised shows in the queue as a
        failure."""
        with structlog.contextvars.bound_contextvars(image=image_id):
            if self._make(image_id, queued_at, grid_only=grid_only, queue=queue):
                # not before the marker is let go: the worker that takes the job needs it
                self._enqueue_view(image_id)

    def _make(self, image_id: str, queued_at: str | None, *, grid_only: bool, queue: str) -> bool:
        """Make what is to be made; whether the view is left."""
        began = now()
        try:
            with self.store.attempt(image_id, worker=self.worker, queued_at=queued_at, grid_only=grid_only) as attempt:
                wanted = Pass.VIEW if attempt.has_grid else Pass.GRID if grid_only else Pass.BOTH
                with traced(self.tracer, attempt, wanted, queue=queue, queued_at=queued_at, began=began):
                    self._try(attempt, wanted)
                return attempt.is_handed_on
        except ViewCanWait:
            return True
        except NothingToDo:
            _log.info("nothing to do")
        except ImageNotFound:
            _log.info("image deleted meanwhile")
        except (VolumeUnavailable, UnusableRecord) as error:
            _log.warning("put off", why=error.why)
            raise
        except OSError as error:
            _log.warning("put off", why=str(error))
            raise volume_error(error) from error
        return False

    def _enqueue_view(self, image_id: str) -> None:
        try:
            self.queue.enqueue_view(image_id)
        except QueueUnavailable as error:
            _log.warning("view not enqueued, the sweep will", error=str(error))

    def _try(self, attempt: Attempt, wanted: Pass) -> None:
        """Render what is wanted and end the attempt: as finished, as handed on once the grid alone is there, or as
        failed by an error of the picture. It is rolled back if the picture is not at fault, and stays counted if the
        render process died and another attempt follows. Errors are raised after that, except a missing original."""
        if attempt.exhausted:
            error = RendererDied("the worker itself died", attempt.number)
            self._fail(attempt, error)
            raise error
        was_told = wanted is Pass.VIEW and attempt.number == 1 and attempt.progress_before.record.started_at is not None
        if not was_told:  # else the name of its worker would be the only news
            self._announce("started", attempt.record)

        def publish(rendition: Rendition) -> None:
            attempt.put(rendition.name, rendition.data, rendition.width, rendition.height, rendition.format)
            if rendition.name == "grid" and wanted is Pass.BOTH:
                attempt.show(RECIPE)
                self._announce_grid(attempt)

        try:
            with metrics.rendering(attempt.record, wanted, self.tracer.exemplar), attempt.unless_deleted():
                picture = self._render(attempt, publish, wanted)
            if wanted is Pass.GRID:
                attempt.hand_on(RECIPE, **asdict(picture))
                self._announce_grid(attempt)
                return
            record = attempt.finish(**asdict(picture), recipe=RECIPE, facts_version=FACTS_VERSION)
        except ImageNotFound:
            with suppress(OSError):  # it may be restored from the trash: this was no attempt that failed
                attempt.roll_back()
            raise
        except RendererDied as death:
            if attempt.is_last:
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
        self._announce("ready", record)
        if attempt.is_first:
            metrics.ready(record, self.tracer.exemplar)
        _log.info("ready", attempt=record.attempts, format=record.format.value)

    def _render(self, attempt: Attempt, publish: Callable[[Rendition], None], wanted: Pass) -> Picture:
        """Render what is wanted. How a picture looks is known if the pass that made its grid has ended."""
        record = attempt.record
        is_known = wanted is Pass.VIEW and None not in (record.placeholder, record.color)
        picture = self.renderer.render(attempt.original, publish, wanted.renditions, look=not is_known)
        return replace(picture, placeholder=record.placeholder, color=record.color) if is_known else picture

    def _announce_grid(self, attempt: Attempt) -> None:
        """Tell everybody that the grid is there."""
        self._announce("seen", attempt.record)
        if attempt.is_first:
            metrics.seen(attempt.record, self.tracer.exemplar)

    def _announce(self, what: str, record: Record) -> None:
        with self.tracer.span(f"event {what}", kind="producer"):
            self.events.changed(record)

    def _fail(self, attempt: Attempt, error: GalleryError) -> None:
        self.tracer.fail(error)
        try:
            self._announce("failed", attempt.fail(error))
        except BaseException:
            # the volume is at fault, and the reason must not be lost; a picture that kills stays counted
            if attempt.open and not isinstance(error, RendererDied):
                attempt.roll_back()
            raise
        metrics.FAILURES.labels(error.code).inc()
        _log.warning("failed", code=error.code, attempt=attempt.number)


def make_thumbnail(image_id: str) -> None:
    """Make the grid and the view of a pending image, or the grid alone if others wait for theirs; run twice, or
    at once, the result is the same."""
    job, context = job_in_hand()
    context.make(image_id, queued_at(job), grid_only=job.others_wait)


def make_view(image_id: str) -> None:
    """Make the view of a pending image, and its grid if that is not there; run twice, or at once, the result is the
    same."""
    job, context = job_in_hand()
    context.make(image_id, queued_at(job), queue=VIEWS)


def queued_at(job: ThumbnailJob) -> str | None:
    """When the job was enqueued, if it says so."""
    return format_rfc3339(job.enqueued_at) if job.enqueued_at else None


def job_in_hand() -> tuple[ThumbnailJob, RenderContext]:
    """The job that runs this code, and what its worker gave it; raises outside of a worker."""
    job = get_current_job()
    context = job.context if isinstance(job, ThumbnailJob) else None
    if not isinstance(job, ThumbnailJob) or context is None:
        raise RuntimeError("this job runs only in `python -m worker`")
    return job, context
