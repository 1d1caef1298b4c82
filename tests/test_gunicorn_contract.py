"""What `web.server` overrides of gunicorn, or relies on, is what it was written for: an upgrade is a decision."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import SocketUnreader, Unreader
from gunicorn.http.wsgi import Response
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

KNOWN: dict[Callable[..., Any], str] = {
    ThreadWorker.__init__: "5681b8b542ea91bf",
    ThreadWorker.init_process: "e4fc63a1a68e4f48",
    ThreadWorker.run: "f92c7394d85715a4",
    ThreadWorker.wait_for_and_dispatch_events: "ea969b352482bd5c",
    ThreadWorker.set_accept_enabled: "140150ebfd3cae34",
    ThreadWorker.accept: "f8dcead3dce5c851",
    ThreadWorker.enqueue_req: "c9f428953d24acef",
    ThreadWorker.on_client_socket_readable: "aead1a3ea7b7daff",
    ThreadWorker.on_pending_socket_readable: "2475f7087832c086",
    ThreadWorker.murder_keepalived: "4459960c4ccc36d4",
    ThreadWorker.murder_pending: "7bf11f46454296e1",
    ThreadWorker.finish_request: "616e7bb15a009ff7",
    ThreadWorker.handle: "ca85c9be3df75da4",
    ThreadWorker.handle_request: "6d0de5b919102efc",
    ThreadWorker._keepalive_after: "4ebdbbc8bf5aafa5",
    TConn.__init__: "c8763d7c65974e1b",
    TConn.init: "5ff3d4ba451cfdf3",
    TConn.close: "6d1c334ed1979fcb",
    PollableMethodQueue.defer: "4d722900967b8ad2",
    PollableMethodQueue.run_callbacks: "2583376785b0c53c",
    Worker.init_process: "114caccd7a0e3c21",
    Parser.finish_body: "54c5d0d28c2626ea",
    Unreader.take_buffered: "89cef5e60e6f09e1",
    Unreader.unread: "8e325744dfcaca7f",
    SocketUnreader.chunk: "9f62532259f8468e",
    LengthReader.read: "be99a0aa587fc555",
    Body.read: "c7bdfdd1c2c36fb2",
    Response.sendfile: "417ea65fb9a19f5b",
    Response.send_headers: "7aff3b7d004fc17b",
    Response.should_close: "3888d47a96e289b3",
}


@pytest.mark.parametrize("method", KNOWN, ids=lambda method: method.__qualname__)
def test_gunicorn_is_as_we_know_it(method: Callable[..., Any]) -> None:
    found = fingerprint(method)
    assert found == KNOWN[method], f"Read what changed in {method.__qualname__}, adapt web/server, then note {found}."


def fingerprint(method: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:16]
