"""The job of `gallery regenerate`: make the renditions of a ready image anew, unless an upload waits."""

from __future__ import annotations

from dataclasses import asdict

import structlog

from pipeline.errors import GalleryError, volume_error
from pipeline.queue import regeneration as outcomes
from pipeline.store import NothingToDo
from pipeline.store.regeneration import Made, regenerating, uploads_wait
from worker.engine.render import Rendition
from worker.thumbnails import RenderContext, job_in_hand

_log = structlog.get_logger()


def regenerate_thumbnails(image_id: str) -> None:
    """Make the grid and the view of a ready image anew; run twice, or at once, the result is the same."""
    _, render_context = job_in_hand()
    with structlog.contextvars.bound_contextvars(image=image_id):
        outcomes.report(render_context.events.connection, image_id, _remake(render_context, image_id))


def _remake(render_context: RenderContext, image_id: str) -> str:
    made: list[Made] = []

    def keep(rendition: Rendition) -> None:
        made.append(Made(rendition.name, rendition.data, rendition.width, rendition.height, rendition.format))

    try:
        if uploads_wait(render_context.store):
            return outcomes.LATER
        with regenerating(render_context.store, image_id) as work:
            picture = render_context.renderer.render(work.original, keep)
            record = work.replace(made, **asdict(picture))
    except NothingToDo:
        return outcomes.GONE
    except OSError as error:
        return f"{outcomes.FAILED}: {volume_error(error)}"
    except GalleryError as error:
        # What it had before stays, and is served.
        _log.warning("not made anew", code=error.code)
        return f"{outcomes.FAILED}: {error}"
    render_context.events.changed(record)
    _log.info("made anew", recipe=record.recipe)
    return outcomes.MADE
