"""The trace of an image in the marker of the outbox, without processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import Unrenderable
from pipeline.store import Store
from pipeline.store.progress import Trace
from pipeline.tracing import valid_traceparent
from tests.pictures import picture
from tests.stores import accept, make

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
OTHER = f"00-{'c' * 32}-{'d' * 16}-00"


def accept_traced(store: Store) -> str:
    draft = store.draft()
    draft.write(picture())
    return store.accept(draft, "a.png", TRACE).record.id


def trace(store: Store, image_id: str) -> Trace | None:
    with store.attempt(image_id, worker="test") as attempt:
        attempt.roll_back()
        return attempt.progress_before.trace


def traceparent(store: Store, image_id: str) -> str | None:
    found = trace(store, image_id)
    return found.traceparent if found else None


def test_the_trace_outlives_attempts_that_die_or_are_taken_back(store: Store) -> None:
    image_id = accept_traced(store)
    with store.attempt(image_id, worker="test"):
        pass  # it died
    assert traceparent(store, image_id) == traceparent(store, image_id) == TRACE


def test_the_trace_outlives_the_grids_pass(store: Store) -> None:
    image_id = accept_traced(store)
    make(store, image_id, grid_only=True)
    assert traceparent(store, image_id) == TRACE


def test_the_trace_outlives_the_trash(store: Store) -> None:
    image_id = accept_traced(store)
    store.delete(image_id)
    store.restore(image_id)
    assert traceparent(store, image_id) == TRACE


def test_a_retry_begins_another_trace_and_knows_the_former(store: Store) -> None:
    image_id = accept_traced(store)
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    assert store.failed_trace(image_id) == TRACE
    assert store.retry(image_id, OTHER).attempts == 0
    assert traceparent(store, image_id) == OTHER
    assert store.failed_trace(image_id) is None


def test_images_without_a_trace_are_as_they_were(store: Store) -> None:
    image_id = accept(store, picture())
    assert store.layout.marker(image_id).read_bytes() == b""
    assert trace(store, image_id) is None
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    assert store.layout.failure(image_id).read_bytes() == b""
    assert store.failed_trace(image_id) is None


@pytest.mark.parametrize(
    "line",
    [
        {"traceparent": "nonsense", "at": "2026-01-01T00:00:00Z"},
        {"traceparent": TRACE},
        {"traceparent": TRACE, "at": "yesterday"},
        {"traceparent": TRACE, "at": "2026-01-01T00:00:00"},
        {"traceparent": TRACE, "at": 5},
        {"traceparent": ["00"], "at": None},
    ],
)
def test_a_trace_that_cannot_be_read_is_none_and_the_picture_is_made(store: Store, line: dict[str, object]) -> None:
    image_id = accept(store, picture())
    for mark in (store.layout.marker(image_id), store.layout.failure(image_id)):
        Path(mark).write_text(json.dumps(line))
    assert trace(store, image_id) is None
    assert store.failed_trace(image_id) is None
    make(store, image_id)
    assert store.get(image_id).state == "ready"


def test_a_line_of_a_marker_that_is_nested_too_deeply_says_nothing(store: Store) -> None:
    image_id = accept_traced(store)
    with store.layout.marker(image_id).open("ab") as marker:
        marker.write(b"[" * 99_999 + b"\n")
    assert traceparent(store, image_id) == TRACE
    assert store.get(image_id).attempts == 0


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        TRACE + "-more",
        TRACE + "\n",
        TRACE.upper(),
        TRACE.replace("00-", "01-", 1),
        TRACE.replace("a", "0"),
        TRACE.replace("b", "0"),
        "x" * 100_000,
    ],
)
def test_what_is_no_traceparent_is_ignored(text: str | None) -> None:
    assert valid_traceparent(text) is None
    assert valid_traceparent(TRACE) == TRACE
