"""The spans of one pass at a picture, or of a job of `gallery regenerate`: the waits before it, and the work itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from pipeline import span_attributes
from pipeline.queue.image_queues import VIEWS
from pipeline.store import Attempt
from pipeline.tracing import Tracer


@contextmanager
def traced(
    tracer: Tracer, attempt: Attempt, made: str, *, queue: str, queued_at: str | None, began: str
) -> Iterator[None]:
    """Record the context as the span of a pass that makes `made`, `began` then, and was in `queue` since `queued_at`.
    It belongs to the trace that the marker names, or begins one. Its log lines have the trace's id."""
    record, trace = attempt.record, attempt.progress_before.trace
    known = span_attributes.of_record(record)
    if trace is not None:
        if not attempt.progress_before.has_attempts:
            tracer.past("outbox", trace.at, queued_at or began, parent=trace.traceparent, attributes=known)
        if queued_at is not None:
            waited = {**known, "messaging.destination.name": queue}
            tracer.past(f"queue {queue}", queued_at, began, parent=trace.traceparent, attributes=waited)
    with (
        tracer.span(
            f"render {made}",
            kind="consumer",
            parent=trace.traceparent if trace else None,
            begin=began,
            attributes={
                **known,
                "gallery.image.width": record.width,
                "gallery.image.height": record.height,
                "gallery.attempt": attempt.number,
                "messaging.destination.name": queue,
            },
        ),
        structlog.contextvars.bound_contextvars(**tracer.log_fields),
    ):
        yield


@contextmanager
def traced_again(
    tracer: Tracer, name: str, image_id: str, *, parent: str | None, queued_at: str | None, began: str
) -> Iterator[None]:
    """Record the context as the span of a job of `gallery regenerate`. It belongs to the trace `parent` that the job
    names, or begins one. Times are as in `traced`."""
    known = {**span_attributes.of_id(image_id), "messaging.destination.name": VIEWS}
    if parent is None:
        with tracer.root(name, kind="consumer", attributes=known):
            yield
        return
    if queued_at is not None:
        tracer.past(f"queue {VIEWS}", queued_at, began, parent=parent, attributes=known)
    with tracer.span(name, kind="consumer", parent=parent, begin=began, attributes=known):
        yield
