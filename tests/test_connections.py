"""Connections: who is slow is cut off, who holds many is one of many, and probes are answered whatever others hold."""

from __future__ import annotations

import http.client
import json
import os
import select
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import Gallery, picture, until
from tests.siege.play import processes
from tests.siege.sending import connected, held, send_and_read
from web.callers import Places, Shares, caller_of
from web.server.lanes import probe
from web.server.paced_socket import PacedSocket

POST = b"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n\x89PNG\r\n\x1a\n"


def ready(gallery: Gallery, **environ: str) -> Gallery:
    gallery.start_web(**environ)
    return gallery


@contextmanager
def pair(patience: float) -> Iterator[tuple[PacedSocket, socket.socket]]:
    """A paced connection with little room on its way, and its client's end."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    paced = PacedSocket(fileno=ours.detach())
    paced.begin(patience)
    with paced, theirs:
        yield paced, theirs


def test_a_client_that_keeps_the_pace_is_not_cut_off_however_long_it_takes() -> None:
    with pair(patience=2) as (paced, client):
        received = bytearray()

        def sip() -> None:
            while len(received) < 100_000:
                received.extend(client.recv(8192))
                time.sleep(0.4)

        thread = threading.Thread(target=sip)
        thread.start()
        paced.sendall(bytes(100_000))
        thread.join()
        assert len(received) == 100_000


def test_a_client_that_takes_almost_nothing_is_cut_off() -> None:
    with pair(patience=2) as (paced, client):
        ended = threading.Event()

        def sip() -> None:
            while not ended.wait(0.3):
                client.recv(256)

        thread = threading.Thread(target=sip)
        thread.start()
        with pytest.raises(ConnectionResetError):
            paced.sendall(bytes(10_000_000))
        ended.set()
        thread.join()


def test_what_was_sent_quickly_is_not_saved_up_for_a_long_pause() -> None:
    with pair(patience=5) as (paced, client):
        sending = threading.Thread(target=client.sendall, args=(bytes(1_000_000),))
        sending.start()
        received = 0
        while received < 1_000_000:
            received += len(paced.recv(65536))
        sending.join()
        with pytest.raises(ConnectionResetError):
            paced.recv(1)


def test_a_reader_who_stops_is_cut_off(bare: Gallery) -> None:
    ready(bare, GALLERY_SLOW_SECONDS="2")
    link = bare.upload(picture("JPEG") + bytes(30_000_000), "a.jpg").json["links"]["original"]
    with connected(bare, receive=4096) as connection:
        connection.sendall(f"GET {link} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        time.sleep(6)
        connection.settimeout(20)
        received = 0
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                received += len(piece)
        assert received < 10_000_000


def test_probes_are_answered_while_all_threads_are_taken(bare: Gallery) -> None:
    ready(bare, GALLERY_WEB_THREADS="4", GALLERY_CLIENT_CONNECTIONS="100")
    with held(bare, 8, POST):
        until(lambda: len(list((bare.data / "incoming").iterdir())) == 4, 60)
        for path in ("/healthz", "/readyz", "/metrics"):
            assert bare.call("GET", path).status == 200


def test_behind_a_proxy_a_slow_reader_counts_until_the_answer_was_sent(bare: Gallery) -> None:
    ready(bare, GALLERY_TRUSTED_PROXIES="127.0.0.1,127.0.0.2", GALLERY_CLIENT_CONNECTIONS="3")
    link = bare.upload(picture("JPEG") + bytes(30_000_000), "a.jpg").json["links"]["original"]
    asked = f"GET {link} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n".encode()
    mine, others = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    with held(bare, 3, asked, receive=4096) as readers:
        until(lambda: len(select.select(readers, [], [], 1)[0]) == 3, 60)
        until(lambda: bare.call("GET", "/api/images", headers=mine).status == 429, 60)
        assert bare.call("GET", "/api/images", headers=others).status == 200
    until(lambda: bare.call("GET", "/api/images", headers=mine).status == 200, 60)


def test_one_caller_takes_so_many_zips_at_once_and_no_more(bare: Gallery) -> None:
    ready(bare)
    image = bare.upload(picture("JPEG") + bytes(30_000_000), "a.jpg").json["id"]
    body = json.dumps({"ids": [image]}).encode()
    head = b"POST /api/zip HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
    asked = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with held(bare, 8, asked, receive=4096) as readers:
        until(lambda: len(select.select(readers, [], [], 1)[0]) == 8, 60)
        assert b" 429 " in send_and_read(bare, asked).partition(b"\r\n")[0]
        assert b" 200 " in send_and_read(bare, asked, "127.0.0.3").partition(b"\r\n")[0]
    until(lambda: b" 200 " in send_and_read(bare, asked).partition(b"\r\n")[0], 60)


def test_a_connection_is_kept_for_the_next_request(bare: Gallery) -> None:
    ready(bare)
    connection = http.client.HTTPConnection("127.0.0.1", bare.port, timeout=30)
    for path in ("/healthz", "/api/images", "/readyz", "/", "/metrics"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Connection"]) == (200, "keep-alive")
    connection.close()


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_network_of_ipv6_is_one_caller(address: str, key: str) -> None:
    assert caller_of(address) == key


def test_shares_are_held_by_each_caller_and_by_all_together() -> None:
    shares = Shares(each=2, total=3)
    assert [shares.take("a"), shares.take("a"), shares.take("a")] == [True, True, False]
    assert [shares.take("b"), shares.take("b")] == [True, False]
    shares.give_back("a", 2)
    assert shares.take("b")
    assert [shares.held("a"), shares.held("b")] == [0, 2]


def test_one_caller_is_worked_for_in_so_many_threads_and_no_more() -> None:
    places, entered = Places(each=2), list[str]()

    def enter(who: str) -> None:
        places.enter(who)
        entered.append(who)

    threads = [threading.Thread(target=enter, args=(who,)) for who in ("a", "a", "a", "b")]
    for thread in threads:
        thread.start()
    until(lambda: sorted(entered) == ["a", "a", "b"], 60)
    places.leave("a")
    until(lambda: sorted(entered) == ["a", "a", "a", "b"], 60)
    for who in ("a", "a", "b"):
        places.leave(who)


def test_who_waits_for_a_place_holds_no_thread_and_comes_in_turn() -> None:
    places, begun = Places(each=1), list[str]()
    for name in ("first", "second", "third"):
        places.when_free("a", partial(begun.append, name))
    places.when_free("b", partial(begun.append, "another's"))
    assert begun == ["first", "another's"]
    places.leave("a")
    assert begun == ["first", "another's", "second"]
    places.leave("a")
    places.leave("a")
    places.when_free("a", partial(begun.append, "fourth"))
    assert begun == ["first", "another's", "second", "third", "fourth"]


@pytest.mark.parametrize(
    ("head", "path"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"/healthz"),
        (b"HEAD /readyz?a=b HTTP/1.1\r\nHost: a\r\n\r\n", b"/readyz"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n", None),
        (b"GET /healthz HTTP/1.1\r\nCONTENT-Length: 5\r\n\r\n", None),
        (b"GET /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        (b"POST /healthz HTTP/1.1\r\nHost: a\r\n\r\n", None),
        (b"GET /api/images HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", None),
        (b"", None),
    ],
)
def test_only_a_whole_request_without_a_body_is_a_probe(head: bytes, path: bytes | None) -> None:
    assert probe(head) == path


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed")
def test_a_web_that_gets_few_threads_answers_with_those(bare: Gallery) -> None:
    # the stack of a thread takes a twentieth of the room for addresses
    bare.wrapper = ("prlimit", f"--stack={512 << 20}", f"--as={10 << 30}")
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in processes(bare))
    assert threads < 40
    assert bare.upload(picture()).status == 201


def _is_settled(gallery: Gallery) -> bool:
    """Whether uploads arrive, and for three seconds no other has begun to."""
    before = len(os.listdir(gallery.data / "incoming"))
    time.sleep(3)
    return 0 < before == len(os.listdir(gallery.data / "incoming"))


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed")
def test_a_request_waits_for_one_of_few_threads(bare: Gallery) -> None:
    bare.wrapper = ("prlimit", f"--stack={512 << 20}", f"--as={10 << 30}")
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    with ThreadPoolExecutor(1) as client:
        with held(bare, 40, POST):
            until(partial(_is_settled, bare), 60)
            waiting = client.submit(bare.call, "GET", "/api/images")
            time.sleep(1)
            assert not waiting.done()
        assert waiting.result().status == 200
    assert b'gallery_connections_refused_total{reason="threads"}' not in bare.call("GET", "/metrics").body
