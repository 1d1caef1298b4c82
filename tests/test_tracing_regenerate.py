"""Traces of `gallery regenerate`, as a collector receives them from the command and its workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from rq.serializers import JSONSerializer

from pipeline.queue.safe_job import ThumbnailJob
from tests.pictures import pictures_apart
from tests.product import ROOT, prepared, until

if TYPE_CHECKING:
    from tests.otlp import Span

otlp = pytest.importorskip("tests.otlp", reason="the extra `tracing` is not installed")


@dataclass
class Story:
    """What was received of a run that made two pictures again, and what the workers logged."""

    ids: tuple[str, ...]
    uploads: set[str]
    spans: list[Span]
    log: list[dict[str, Any]]

    @property
    def run(self) -> Span:
        (found,) = [span for span in self.spans if span.name == "gallery regenerate"]
        return found

    def of(self, image_id: str) -> list[Span]:
        """The spans of the run about an image, by their beginnings."""
        traces = {span.trace_id for span in self.spans if span.attributes.get("gallery.image.id") == image_id}
        return sorted(
            (span for span in self.spans if span.trace_id in traces - self.uploads), key=lambda span: span.start
        )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Played once: Redis is emptied after the jobs were enqueued, before a worker takes one."""
    folder = tmp_path_factory.mktemp("regeneration")
    (folder / "data").mkdir()
    with otlp.collector() as sink, prepared(folder / "data", **sink.environ) as gallery:
        gallery.log = folder / "log"
        gallery.start_redis()
        gallery.start_web()
        gallery.start("worker.1", "worker")
        ids = tuple(str(gallery.upload(data).json["id"]) for data in pictures_apart(2))
        for image_id in ids:
            assert gallery.until_ended(image_id)["state"] == "ready"
        assert gallery.stop("worker.1") == 0
        uploads = {span.trace_id for span in sink.spans}

        command = subprocess.Popen([sys.executable, "-m", "cli", "regenerate", "--all"], cwd=ROOT, env=gallery.environ)
        try:
            with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
                until(lambda: redis.llen("rq:queue:views") == len(ids), 60)
                redis.flushall()
            gallery.start("worker.2", "worker")
            assert command.wait(timeout=120) == 0
        finally:
            command.kill()
            command.wait()
        assert gallery.stop("worker.2") == gallery.stop("web") == 0  # what is left is sent before they end
        log = [json.loads(line) for line in gallery.log.read_text().splitlines() if line.startswith("{")]
        yield Story(ids, uploads, sink.spans, log)


def test_each_image_of_a_run_is_one_trace_though_redis_is_emptied_and_its_job_enqueued_again(story: Story) -> None:
    for image_id in story.ids:
        spans = story.of(image_id)
        assert len({span.trace_id for span in spans}) == 1
        names = ("enqueue regenerate", "queue views", "regenerate", "event ready")
        # a job that a busy machine is slow to begin is taken for lost, and enqueued once more
        enqueued, waited, made, told = ([span for span in spans if span.name == name] for name in names)
        assert len(spans) == len(enqueued) + len(waited) + len(made) + len(told)
        first, *again = enqueued
        assert again
        assert waited
        assert len(waited) == len(made) == len(told)
        assert (first.parent_id, {span.parent_id for span in again}) == ("", {first.span_id})
        assert {span.parent_id for span in made} <= {span.span_id for span in again}
        assert [span.parent_id for span in waited] == [span.parent_id for span in made]
        assert [span.end for span in waited] == [span.start for span in made]
        assert [span.parent_id for span in told] == [span.span_id for span in made]
        assert {span.service for span in enqueued} == {"gallery-cli"}
        assert {span.service for span in (*waited, *made, *told)} == {"gallery-worker"}


def test_the_run_is_a_trace_of_its_own_to_which_those_of_its_images_link(story: Story) -> None:
    assert (story.run.service, story.run.parent_id, story.run.error) == ("gallery-cli", "", "")
    assert [span for span in story.spans if span.trace_id == story.run.trace_id] == [story.run]
    for image_id in story.ids:
        assert story.of(image_id)[0].links == (story.run.trace_id,)


def test_the_lines_of_the_log_name_the_trace_of_the_run(story: Story) -> None:
    for image_id in story.ids:
        lines = [line for line in story.log if (line["event"], line.get("image")) == ("made anew", image_id)]
        assert {line["trace_id"] for line in lines} == {story.of(image_id)[0].trace_id}


@pytest.mark.parametrize("meta", [None, [], "00", {}, {"traceparent": 7}, {"traceparent": "00-1-2-3"}])
def test_a_job_that_names_no_trace_belongs_to_none(meta: Any) -> None:
    job = ThumbnailJob(id="a", connection=Redis(), serializer=JSONSerializer)
    job.meta = meta
    assert job.traceparent is None
