"""What we override of gunicorn, or rely on, is what we know. If not, follow docs/upgrading.md."""

from __future__ import annotations

import tomllib

import pytest

from tests.fingerprints import fingerprint, overridden
from tests.product import ROOT
from web.server.gunicorn_worker import Connection, GalleryWorker

KNOWN = {
    "gunicorn.workers.gthread:ThreadWorker.__init__": "5681b8b542ea91bf",
    "gunicorn.workers.gthread:ThreadWorker.init_process": "e4fc63a1a68e4f48",
    "gunicorn.workers.gthread:ThreadWorker.get_thread_pool": "003f3549a71b6d34",
    "gunicorn.workers.gthread:ThreadWorker.run": "f92c7394d85715a4",
    "gunicorn.workers.gthread:ThreadWorker.wait_for_and_dispatch_events": "ea969b352482bd5c",
    "gunicorn.workers.gthread:ThreadWorker.set_accept_enabled": "140150ebfd3cae34",
    "gunicorn.workers.gthread:ThreadWorker.accept": "f8dcead3dce5c851",
    "gunicorn.workers.gthread:ThreadWorker.enqueue_req": "c9f428953d24acef",
    "gunicorn.workers.gthread:ThreadWorker.on_client_socket_readable": "aead1a3ea7b7daff",
    "gunicorn.workers.gthread:ThreadWorker.on_pending_socket_readable": "2475f7087832c086",
    "gunicorn.workers.gthread:ThreadWorker.murder_keepalived": "4459960c4ccc36d4",
    "gunicorn.workers.gthread:ThreadWorker.murder_pending": "7bf11f46454296e1",
    "gunicorn.workers.gthread:ThreadWorker.finish_request": "616e7bb15a009ff7",
    "gunicorn.workers.gthread:ThreadWorker.handle": "ca85c9be3df75da4",
    "gunicorn.workers.gthread:ThreadWorker.handle_request": "6d0de5b919102efc",
    "gunicorn.workers.gthread:ThreadWorker._keepalive_after": "4ebdbbc8bf5aafa5",
    "gunicorn.workers.gthread:TConn.__init__": "c8763d7c65974e1b",
    "gunicorn.workers.gthread:TConn.init": "5ff3d4ba451cfdf3",
    "gunicorn.workers.gthread:TConn.close": "6d1c334ed1979fcb",
    "gunicorn.workers.gthread:PollableMethodQueue.defer": "4d722900967b8ad2",
    "gunicorn.workers.gthread:PollableMethodQueue.run_callbacks": "2583376785b0c53c",
    "gunicorn.workers.base:Worker.init_process": "114caccd7a0e3c21",
    "gunicorn.http.parser:Parser.finish_body": "54c5d0d28c2626ea",
    "gunicorn.http.unreader:Unreader.take_buffered": "89cef5e60e6f09e1",
    "gunicorn.http.unreader:Unreader.unread": "8e325744dfcaca7f",
    "gunicorn.http.unreader:SocketUnreader.chunk": "9f62532259f8468e",
    "gunicorn.http.body:LengthReader.read": "be99a0aa587fc555",
    "gunicorn.http.body:Body.read": "c7bdfdd1c2c36fb2",
    "gunicorn.http.wsgi:Response.sendfile": "417ea65fb9a19f5b",
    "gunicorn.http.wsgi:Response.send_headers": "7aff3b7d004fc17b",
    "gunicorn.http.wsgi:Response.should_close": "3888d47a96e289b3",
}


@pytest.mark.parametrize("name", KNOWN)
def test_gunicorn_is_as_we_know_it(name: str) -> None:
    found = fingerprint(name)
    assert found == KNOWN[name], f"Read what changed in {name}, adapt web/server, then note {found}."


def test_every_function_of_gunicorn_that_we_override_is_watched() -> None:
    found = overridden(GalleryWorker, "gunicorn")
    assert found
    assert (found | overridden(Connection, "gunicorn")) - set(KNOWN) == set()


def test_gunicorn_is_pinned_to_one_minor_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "gunicorn>=27.0.1,<27.1" in project["optional-dependencies"]["web"]
