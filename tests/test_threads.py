"""Threads outlive their mistakes: what dies is started again, counted, and told with its traceback."""

from __future__ import annotations

import socket
import threading
import urllib.request
from typing import Any

import pytest
from prometheus_client import REGISTRY, start_http_server

from pipeline import threads
from pipeline.queue.events import Follower
from pipeline.settings import Settings
from tests.conftest import Gallery, free_port, picture, until
from web import create_app
from web.live.listeners import Listeners
from worker import metrics


def restarts(name: str) -> float:
    return REGISTRY.get_sample_value("gallery_thread_restarts_total", {"thread": name}) or 0


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_PAUSES", (0.01,))


def test_a_thread_that_dies_is_started_again_until_it_returns() -> None:
    before, runs = restarts("test"), []

    def run() -> None:
        runs.append(1)
        if len(runs) < 4:
            raise RuntimeError("a mistake")

    threads.keep_running("test", run).join(10)
    assert len(runs) == 4
    assert restarts("test") == before + 3


def test_listeners_are_served_again_after_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    before, listeners = restarts("listeners"), Listeners()
    listeners.start()
    ours, theirs = socket.socketpair()
    listeners.add(ours, b"hello")
    theirs.settimeout(10)
    assert theirs.recv(5) == b"hello"

    def stumble(listener: Any) -> None:
        listener.socket.recv(1)
        monkeypatch.undo()
        raise KeyError("a mistake")

    monkeypatch.setattr(listeners, "_hear", stumble)
    theirs.send(b"x")
    assert theirs.recv(5) == b""
    again, back = socket.socketpair()
    listeners.add(again, b"hello again")
    back.settimeout(10)
    assert back.recv(11) == b"hello again"
    assert restarts("listeners") == before + 1
    listeners.hang_up()
    assert back.recv(1) == b""
    for end in (theirs, back):
        end.close()


def test_events_go_on_after_the_feed_died(bare: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.start_redis()
    before, wait, died = restarts("feed"), Follower.wait, threading.Event()
    app = create_app(Settings.from_environment(bare.environ))
    client = app.test_client()
    until(lambda: client.get("/api/images").json["events"] == "0-0", 60)  # type: ignore[index]

    def stumble(*arguments: Any) -> Any:
        if not died.is_set():
            died.set()
            raise RuntimeError("a mistake")
        return wait(*arguments)

    monkeypatch.setattr(Follower, "wait", stumble)
    assert died.wait(30)
    until(lambda: restarts("feed") > before, 60)
    until(lambda: client.head("/api/events").status_code == 200, 60)
    answer = client.get("/api/events", buffered=False)
    assert answer.status_code == 200
    image_id = client.post("/api/images", data=picture()).json["id"]  # type: ignore[index]
    told = iter(answer.response)
    until(lambda: image_id.encode() in next(told), 60)
    answer.close()
    assert restarts("feed") == before + 1


def test_prometheus_is_answered_again_after_its_thread_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    real = start_http_server

    def start(*arguments: Any) -> Any:
        started.append(real(*arguments))
        return started[-1]

    monkeypatch.setattr(metrics, "start_http_server", start)
    before = restarts("metrics")
    port = metrics.serve("127.0.0.1", free_port())
    server, thread = started[0]
    server.shutdown()
    thread.join(10)
    until(lambda: len(started) == 2, 60)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b'gallery_thread_restarts_total{thread="metrics"}' in answer.read()
    assert restarts("metrics") == before + 1
