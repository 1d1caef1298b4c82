"""Bodies of requests: large ones, and files, are taken where uploads are, from those who may, and so many at once."""

from __future__ import annotations

import hashlib
import os
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.conftest import Gallery, picture, until
from tests.raw_http import POST
from tests.siege.sending import connected, form, half_form, held, send_and_read

ADMIN = "a" * 24
FILE = b'a.png"\r\n\r\n' + picture()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize("data", [FILE, FILE + bytes(3_000_000)], ids=["small", "large"])
def test_files_are_taken_by_the_addresses_for_uploads_alone(bare: Gallery, data: bytes) -> None:
    bare.start_web()
    for path in ("/signin", "/signout", "/api/delete", "/api/retry", "/api/zip", "/api/retry-failed", "/retry-failed"):
        assert status(send_and_read(bare, form(path, data))) in (0, 202, 303, 400, 413), path
        assert os.listdir(bare.data / "incoming") == []
    assert bare.call("GET", "/api/images").json["images"] == []
    assert status(send_and_read(bare, form("/api/images", FILE))) == 201


def test_nobody_without_a_right_has_a_body_read(bare: Gallery) -> None:
    bare.start_web(GALLERY_TOKEN=ADMIN)
    seen = set()
    with held(bare, 5, half_form("/upload", 50)), held(bare, 5, half_form("/api/images", 50)):
        for _ in range(50):
            seen |= set(os.listdir(bare.data / "incoming"))
            assert bare.call("GET", "/healthz").status == 200
    assert seen == set()
    assert status(send_and_read(bare, form("/api/images", FILE))) == 401


def test_one_caller_has_so_many_files_on_the_way_and_no_more(bare: Gallery) -> None:
    bare.start_web(GALLERY_MAX_FORM_FILES="5")
    with held(bare, 2, half_form("/upload", 5)):
        until(lambda: len(os.listdir(bare.data / "incoming")) == 10, 60)
        assert status(send_and_read(bare, form("/api/images", FILE))) == 429
        assert status(send_and_read(bare, form("/api/images", FILE), "127.0.0.3")) == 201
        assert len(os.listdir(bare.data / "incoming")) == 10
    until(lambda: os.listdir(bare.data / "incoming") == [], 60)
    # the caller's share is given back a moment after that
    until(lambda: status(send_and_read(bare, form("/api/images", FILE))) in (200, 201), 60)
    assert status(send_and_read(bare, form("/upload", *[FILE] * 5))) == 303


def test_large_bodies_that_arrive_at_once_are_stored_and_hashed_as_they_were_sent(bare: Gallery) -> None:
    bare.start_web()
    head = picture()

    def is_right(seed: int) -> bool:
        dice = random.Random(seed)
        data = head + dice.randbytes(dice.randrange(1, 9_000_000))
        if seed % 4 == 0:  # broken off; its buffers are used for others
            with suppress(OSError), connected(bare) as connection:
                connection.sendall(POST + b"Content-Length: 9999999\r\n\r\n" + data)
            return True
        record = bare.call("POST", "/api/images?name=a.png", data).json
        stored = bare.call("GET", record["links"]["original"]).body
        return stored == data and record["sha256"] == hashlib.sha256(data).hexdigest()

    with ThreadPoolExecutor(4) as clients:
        assert all(clients.map(is_right, range(36)))
    until(lambda: os.listdir(bare.data / "incoming") == [], 60)
