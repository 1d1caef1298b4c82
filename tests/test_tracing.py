"""Traces of pictures, as a collector receives them from the running product."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from tests.conftest import Gallery, free_port, picture, until
from tests.pictures import pictures_apart, undecodable
from tests.product import prepared, renderers

if TYPE_CHECKING:
    from tests.otlp import Collector, Span

otlp = pytest.importorskip("tests.otlp", reason="the extra `tracing` is not installed")

CALLER = f"00-{'a' * 32}-{'b' * 16}-01"
NAME = "a-name-of-no-concern"
ATTRIBUTES = {
    "error.type",
    "gallery.attempt",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "messaging.destination.name",
    *(f"gallery.image.{fact}" for fact in ("id", "format", "bytes", "width", "height")),
}


@dataclass
class Story:
    """What became of five pictures, and what was received of them."""

    sink: Collector
    upload: str
    killed: str
    passes: str
    failed: dict[str, Any]
    log: list[dict[str, Any]]
    metrics: str

    def of(self, image_id: str) -> dict[str, Span]:
        """The spans of an image's first trace, by their names."""
        spans = self.sink.of(image_id)
        return {span.name: span for span in spans if span.trace_id == spans[0].trace_id}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Played once: Redis emptied before a picture is made, one that cannot be decoded, one whose worker is killed, one
    that is made in two passes because another waits."""
    folder = tmp_path_factory.mktemp("story")
    (folder / "data").mkdir()
    metrics_port = free_port()
    with otlp.collector() as sink, prepared(folder / "data", **sink.environ) as gallery:
        gallery.log = folder / "log"
        gallery.start_redis()
        gallery.start_web()
        first, second, third, fourth = pictures_apart(4)

        def upload(data: bytes, traceparent: str = "00-nonsense") -> str:
            answer = gallery.call("POST", f"/api/images?name={NAME}", data, {"traceparent": traceparent})
            return str(answer.json["id"])

        upload_ = upload(first, CALLER)
        flush(gallery)
        gallery.start("worker.1", "worker")
        gallery.until_ended(upload_)

        failed = upload(undecodable())
        gallery.until_ended(failed)
        assert gallery.call("POST", f"/api/images/{failed}/retry").status == 202
        record = gallery.until_ended(failed)
        # a worker that is killed takes along what it has not sent
        until(lambda: [span.name for span in sink.of(failed)].count("render both") == 2, 60)

        for pid in until(lambda: renderers(gallery, "worker.1"), 30):
            os.kill(pid, signal.SIGSTOP)
        killed = upload(second)
        until(lambda: gallery.call("GET", f"/api/images/{killed}").json["attempts"] == 1, 60)
        gallery.stop("worker.1", signal.SIGKILL)
        flush(gallery)
        gallery.start("worker.2", "worker")
        gallery.until_ended(killed)
        assert gallery.stop("worker.2") == 0

        passes = upload(third)
        upload(fourth)
        gallery.start("worker.3", "worker", GALLERY_METRICS_PORT=str(metrics_port))
        gallery.until_ended(passes)
        # a worker counts an image after it has announced it
        metrics = until(lambda: exemplified(metrics_port), 60)
        assert gallery.stop("worker.3") == gallery.stop("web") == 0  # what is left is sent before they end
        lines = gallery.log.read_text().splitlines()
        log = [json.loads(line) for line in lines if line.startswith("{")]
        yield Story(sink, upload_, killed, passes, record, log, metrics)


def exemplified(port: int) -> str | None:
    """A worker's metrics, once an image that became ready is an exemplar."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=accept)
    with urllib.request.urlopen(request) as answer:
        metrics: str = answer.read().decode()
    return metrics if re.search(r"^gallery_ready_seconds_bucket.*# \{", metrics, re.MULTILINE) else None


def flush(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        redis.flushall()


def test_one_upload_is_one_trace_from_the_callers_request_to_the_event_though_redis_is_emptied(story: Story) -> None:
    assert {span.trace_id for span in story.sink.of(story.upload)} == {"a" * 32}
    spans = story.of(story.upload)
    request, accept, render = (spans[name] for name in ("POST /api/images", "accept", "render both"))
    parents = {name: span.parent_id for name, span in spans.items()}
    assert parents == {
        "POST /api/images": "b" * 16,
        "accept": request.span_id,
        "enqueue thumbnails": request.span_id,
        "outbox": accept.span_id,
        "queue thumbnails": accept.span_id,
        "render both": accept.span_id,
        "event started": render.span_id,
        "event seen": render.span_id,
        "event ready": render.span_id,
    }
    assert not [span for span in spans.values() if span.error]
    assert {span.service for span in spans.values()} == {"gallery-web", "gallery-worker"}


def test_waiting_is_measured_until_the_pass_begins(story: Story) -> None:
    spans = story.of(story.upload)
    assert spans["outbox"].end == spans["queue thumbnails"].start  # it was enqueued again by the sweep
    assert spans["queue thumbnails"].end == spans["render both"].start


def test_each_pass_is_a_span_after_its_wait_in_its_own_queue(story: Story) -> None:
    spans = story.of(story.passes)
    names = ["queue thumbnails", "render grid", "event seen", "queue views", "render view", "event ready"]
    # a queue's moments are in milliseconds
    in_order = sorted(spans.values(), key=lambda span: (span.start // 1_000_000, span.end))
    assert [span.name for span in in_order if span.name in names] == names
    assert spans["render view"].parent_id == spans["render grid"].parent_id == spans["accept"].span_id
    assert spans["event ready"].parent_id == spans["render view"].span_id
    assert "outbox" in spans


def test_a_trace_goes_on_after_its_worker_was_killed(story: Story) -> None:
    spans = story.sink.of(story.killed)
    assert len({span.trace_id for span in spans}) == 1
    (render,) = [span for span in spans if "gallery.attempt" in span.attributes]
    assert (render.attributes["gallery.attempt"], render.error) == (2, "")
    assert "event ready" in {span.name for span in spans}


def test_a_picture_that_fails_says_why_in_its_span(story: Story) -> None:
    render = story.of(story.failed["id"])["render both"]
    reason = story.failed["reason"]
    assert (render.attributes["error.type"], render.error) == (reason["code"], reason["message"])


def test_a_retry_is_a_trace_of_its_own_with_links_to_the_failure_and_the_request(story: Story) -> None:
    spans = story.sink.of(story.failed["id"])
    (retry,) = [span for span in spans if span.name == "retry"]
    (request,) = [span for span in story.sink.spans if span.name == "POST /api/images/<image_id>/retry"]
    assert retry.parent_id == ""
    assert retry.links == (request.trace_id, spans[0].trace_id)
    rendered = [span.trace_id for span in spans if span.name == "render both"]
    assert rendered == [spans[0].trace_id, retry.trace_id]


def test_the_lines_of_the_log_name_the_trace(story: Story) -> None:
    for event in ("accepted", "ready"):
        (line,) = [line for line in story.log if (line["event"], line.get("image")) == (event, story.upload)]
        assert line["trace_id"] == "a" * 32
    assert not [
        line for line in story.log if line["event"] == "request" and line["method"] == "GET" and "trace_id" in line
    ]


def test_the_histograms_of_workers_name_a_trace_as_exemplar(story: Story) -> None:
    known = {span.trace_id for span in story.sink.spans}
    for name in ("gallery_seen_seconds", "gallery_ready_seconds", "gallery_render_seconds"):
        found = re.findall(rf'^{name}_bucket\{{.*# \{{trace_id="(\w+)"\}}', story.metrics, re.MULTILINE)
        assert found
        assert known.issuperset(found)


def test_spans_tell_of_images_queues_and_attempts_alone(story: Story) -> None:
    assert {key for span in story.sink.spans for key in span.attributes} <= ATTRIBUTES
    assert NAME not in repr(story.sink.spans)
    assert "127.0.0.1" not in repr(story.sink.spans)


def test_a_collector_that_is_away_or_never_answers_holds_up_nobody(bare: Gallery) -> None:
    bare.start_redis()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = f"http://127.0.0.1:{silent.getsockname()[1]}"
        bare.start_web(OTEL_EXPORTER_OTLP_ENDPOINT=hung, OTEL_BSP_SCHEDULE_DELAY="50")
        away = f"http://127.0.0.1:{free_port()}"
        bare.start("worker.1", "worker", OTEL_EXPORTER_OTLP_ENDPOINT=away, OTEL_BSP_SCHEDULE_DELAY="50")
        answer = bare.upload(picture())
        assert answer.status == 201
        assert bare.until_ended(answer.json["id"])["state"] == "ready"
        for name in ("web", "worker.1"):
            bare.processes[name].send_signal(signal.SIGTERM)
        assert bare.stop("web") == bare.stop("worker.1") == 0
