"""Jobs as we take them from Redis: whoever can write there must not be able to run code here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rq.job import Job

from pipeline.tracing import valid_traceparent

JOB = "worker.thumbnails.make_thumbnail"
VIEW_JOB = "worker.thumbnails.make_view"
REGENERATE_JOB = "worker.regeneration.regenerate_thumbnails"
FACTS_JOB = "worker.regeneration.read_camera_facts"

VOLUME_TAG = "volume"
"""The key in a job's meta that holds the id of the volume whose image it is for."""

TRACE_TAG = "traceparent"
"""The key in the meta of a job of `gallery regenerate` that holds the W3C traceparent of who enqueued it."""


class NotOurs(Exception):
    """A job in the queue names another function than ours."""


class ThumbnailJob(Job):
    """A job that runs a function of ours and nothing else: no other by name, no callbacks, no webhooks."""

    others_wait = False
    """Whether another image waited for its first picture when this job was taken; never in Redis."""

    context: Any = None
    """What the worker hands to the function, found there by `get_current_job`; never in Redis."""

    @property
    def volume_id(self) -> str | None:
        """The id of the volume that the job is for; None if it says nothing of it."""
        meta: Any = self.meta  # whatever lies in Redis
        return meta.get(VOLUME_TAG) if isinstance(meta, dict) else None

    @property
    def traceparent(self) -> str | None:
        """The trace that the job belongs to, if it names one."""
        meta: Any = self.meta  # whatever lies in Redis
        found = meta.get(TRACE_TAG) if isinstance(meta, dict) else None
        return valid_traceparent(found) if isinstance(found, str) else None

    @property
    def func(self) -> Callable[..., Any]:
        """The function, if it is ours; raises `NotOurs`."""
        if self.func_name not in (JOB, VIEW_JOB, REGENERATE_JOB, FACTS_JOB) or self.instance is not None:
            raise NotOurs("this job names a function that is not ours; it was not run")
        return super().func  # type: ignore[no-any-return]

    def restore(self, raw_data: Any) -> None:
        """Read the job from Redis, and forget everything in it that would call or send elsewhere."""
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
