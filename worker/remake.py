"""The job of `gallery regenerate`: make the renditions of a ready image anew, unless an upload waits."""

from __future__ import annotations

import structlog

from pipeline import remakes
from pipeline.errors import GalleryError, volume_error
from pipeline.store import Nothing
from pipeline.store.regenerate import Made, remaking, uploads_wait
from worker import thumbnails
from worker.render import Rendition
from worker.thumbnails import Studio

_log = structlog.get_logger()


def remake_thumbnails(image_id: str) -> None:
    """Make `grid.webp` and `view.webp` of a ready image anew; run twice, or at once, the result is the same."""
    studio = thumbnails.studio
    if studio is None:
        raise RuntimeError("this job runs only in `python -m worker`")
    with structlog.contextvars.bound_contextvars(image=image_id):
        remakes.report(studio.events.connection, image_id, _remake(studio, image_id))


def _remake(studio: Studio, image_id: str) -> str:
    made: list[Made] = []

    def keep(rendition: Rendition) -> None:
        made.append(Made(rendition.name, rendition.data, rendition.width, rendition.height))

    try:
        if uploads_wait(studio.store):
            return remakes.LATER
        with remaking(studio.store, image_id) as work:
            picture = studio.renderer.render(work.original, keep)
            record = work.replace(made, placeholder=picture.placeholder, color=picture.color, notes=picture.notes)
    except Nothing:
        return remakes.GONE
    except OSError as error:
        return f"{remakes.FAILED}: {volume_error(error)}"
    except GalleryError as error:
        # What it had before stays, and is served.
        _log.warning("not made anew", code=error.code)
        return f"{remakes.FAILED}: {error}"
    studio.events.changed(record)
    _log.info("made anew", recipe=record.recipe)
    return remakes.MADE
