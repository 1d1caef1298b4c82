"""The jobs of `gallery regenerate`: make the renditions of a ready image again, or read what the camera knew, unless an
upload waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import structlog

from pipeline.errors import GalleryError, volume_error
from pipeline.queue import regeneration as outcomes
from pipeline.queue.safe_job import ThumbnailJob
from pipeline.records import Record
from pipeline.store import NothingToDo
from pipeline.store.regeneration import Regeneration, RenderedFile, regenerating, uploads_wait
from pipeline.times import now
from worker.engine.camera import NO_SENSE
from worker.engine.picture import Rendition
from worker.thumbnails import RenderContext, job_in_hand, queued_at
from worker.tracing import traced_again

_log = structlog.get_logger()


def regenerate_thumbnails(image_id: str) -> None:
    """Make the grid and the view of a ready image again; run twice, or at once, the result is the same."""
    job, context = job_in_hand()
    outcomes.report(context.events.connection, image_id, _outcome(job, context, image_id, _remake))


def read_camera_facts(image_id: str) -> None:
    """Read when, with what and how a ready image was taken; run twice, or at once, the result is the same."""
    job, context = job_in_hand()
    outcomes.report(context.events.connection, outcomes.facts_id(image_id), _outcome(job, context, image_id, _read))


def _outcome(
    job: ThumbnailJob, context: RenderContext, image_id: str, work: Callable[[RenderContext, Regeneration], Record]
) -> str:
    began, tracer, parent = now(), context.tracer, job.traceparent
    with structlog.contextvars.bound_contextvars(image=image_id, **tracer.log_fields_of(parent)):
        try:
            if uploads_wait(context.store):
                return outcomes.LATER
            name = outcomes.READ_FACTS if work is _read else outcomes.REGENERATE
            with (
                regenerating(context.store, image_id) as image,
                traced_again(tracer, name, image_id, parent=parent, queued_at=queued_at(job), began=began),
            ):
                record = work(context, image)
                span = tracer.traceparent
        except NothingToDo:
            return outcomes.GONE
        except OSError as error:
            return f"{outcomes.FAILED}: {volume_error(error)}"
        except GalleryError as error:
            # What it had before stays, and is served.
            _log.warning("not made anew", code=error.code)
            return f"{outcomes.FAILED}: {error}"
        with tracer.span("event ready", kind="producer", parent=span):
            context.events.changed(record)
        if work is _read:
            _log.info("camera facts read")
            return outcomes.READ
        _log.info("made anew", recipe=record.recipe)
        return outcomes.MADE


def _remake(context: RenderContext, image: Regeneration) -> Record:
    made: list[RenderedFile] = []

    def keep(rendition: Rendition) -> None:
        made.append(RenderedFile(rendition.name, rendition.data, rendition.width, rendition.height, rendition.format))

    picture = context.renderer.render(image.original, keep)
    return image.replace(made, **asdict(picture))


def _read(context: RenderContext, image: Regeneration) -> Record:
    found = asdict(context.renderer.read_facts(image.original))
    notes = found.pop("notes")
    return image.describe(lambda others: (*(note for note in others if note != NO_SENSE), *notes), **found)
