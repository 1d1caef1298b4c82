"""Clients that send slowly, or hold many connections, are cut off and starve nobody."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Gallery, picture, until
from tests.raw_http import POST
from tests.siege.play import processes
from tests.siege.sending import connected


def test_slow_bodies_from_200_connections_starve_nobody_and_are_cut_off(bare: Gallery) -> None:
    bare.start_web(GALLERY_WEB_THREADS="240", GALLERY_CLIENT_CONNECTIONS="210", GALLERY_SLOW_SECONDS="6")
    head = POST + b"Content-Length: 100000\r\n\r\n\x89PNG\r\n\x1a\n"
    slow = [socket.create_connection(("127.0.0.1", bare.port), 30, source_address=("127.0.0.2", 0)) for _ in range(200)]
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(1):
            for connection in slow:
                try:
                    connection.send(b"a")
                except OSError:
                    continue

    dripping = threading.Thread(target=drip)
    try:
        for connection in slow:
            connection.sendall(head)
        dripping.start()
        with ThreadPoolExecutor(8) as pool:
            files = [picture() for _ in range(40)]
            began = time.monotonic()
            assert [answer.status for answer in pool.map(bare.upload, files)] == [201] * 40
            assert time.monotonic() - began < 60

        def all_cut() -> bool:
            return len(os.listdir(bare.data / "incoming")) == 0

        until(all_cut, 90)  # although each still sends a byte a second
    finally:
        ended.set()
        if dripping.ident is not None:
            dripping.join()
        for connection in slow:
            connection.close()
    assert len(bare.call("GET", "/api/images?limit=100").json["images"]) == 40


def test_uploads_that_stall_hold_no_buffers(bare: Gallery) -> None:
    bare.start_web(GALLERY_WEB_THREADS="140", GALLERY_CLIENT_CONNECTIONS="110", GALLERY_SLOW_SECONDS="600")
    head, begun = picture(), POST + b"Content-Length: 9000000\r\n\r\n"
    stalled = list[socket.socket]()

    def received() -> int:
        return sum(file.stat().st_size for file in bare.data.glob("incoming/*/original.*"))

    before = shared_memory(bare)
    try:
        for number in range(1, 101):
            if number % 10 == 1:  # leaves a buffer with all its pages
                assert bare.call("POST", "/api/images", head + os.urandom(2_000_000)).status == 201
            stalled.append(connected(bare))
            stalled[-1].sendall(begun + head + bytes(600_000))
            until(lambda: received() == number * (len(head) + 600_000), 60, 0.01)  # noqa: B023 - called at once
        assert shared_memory(bare) - before < 16 * 1024 * 1024
    finally:
        for connection in stalled:
            connection.close()


def shared_memory(gallery: Gallery) -> int:
    """Resident bytes of shared memory, such as buffers, of web's processes."""
    found = 0
    for process in processes(gallery):
        status = Path(f"/proc/{process}/status").read_text()
        if "RssShmem:" not in status:
            pytest.skip("this kernel does not tell how much memory is shared")
        found += 1024 * int(status.partition("RssShmem:")[2].split()[0])
    return found


def test_slow_headers_are_cut_off(bare: Gallery) -> None:
    bare.start_web(GALLERY_SLOW_SECONDS="2")
    with closing(socket.create_connection(("127.0.0.1", bare.port), 30)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")

        def cut() -> bool:
            time.sleep(0.5)
            try:
                connection.sendall(b"a")
                connection.setblocking(False)
                return connection.recv(1) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True
            finally:
                connection.setblocking(True)

        until(cut, 20)
