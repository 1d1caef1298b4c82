"""Attacks with requests that are whole and soon sent, and cost the gallery more than the caller."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pipeline.ids import new_id
from tests.hostile_files import headers, structures
from tests.pictures import picture
from tests.product import Gallery
from tests.siege.sending import held, post, repeated, send_and_read


@contextmanager
def headers_that_take_long_to_read(gallery: Gallery) -> Iterator[None]:
    """Beginnings of pictures that their parsers walk through for as long as they let themselves be led."""
    sent = [post("/api/images", data) for data in headers().values()]
    turn = iter(range(1_000_000_000))
    with repeated(16, lambda: send_and_read(gallery, sent[next(turn) % len(sent)])):
        yield
    for record in gallery.call("GET", "/api/images?limit=100").json["images"]:
        if record["name"] != "bystander.png":
            gallery.call("DELETE", f"/api/images/{record['id']}")


@contextmanager
def downloads_whose_structure_is_long(gallery: Gallery) -> Iterator[None]:
    """Pictures that are accepted, and whose metadata lie upon each other thousands of times, asked for without them."""
    sent = structures().values()
    links = [gallery.call("POST", "/api/images", data).headers["Location"] for data in sent]
    asked = [
        f"GET {link.removeprefix('/api')}/download HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        for link in links
    ]
    turn = iter(range(1_000_000_000))
    with repeated(16, lambda: send_and_read(gallery, asked[next(turn) % len(asked)])):
        yield
    for link in links:
        gallery.call("DELETE", link)


@contextmanager
def zips_of_a_thousand_that_nobody_takes(gallery: Gallery) -> Iterator[None]:
    """A thousand zips of a thousand pictures each, asked for by five addresses that take none of their bytes."""
    ids = [gallery.call("POST", "/api/images", picture(size=(8, 8))).json["id"] for _ in range(1000)]
    asked = post("/api/zip", json.dumps({"ids": ids}).encode(), b"application/json")
    with ExitStack() as stack:
        for last in range(2, 7):
            stack.enter_context(held(gallery, 200, asked, f"127.0.0.{last}", 4096))
        yield
    for image_id in ids:
        gallery.call("DELETE", f"/api/images/{image_id}")


@contextmanager
def changes_of_thousands_of_pictures(gallery: Gallery) -> Iterator[None]:
    """Deletes and retries of a thousand pictures each that nobody has, over sixty connections of one address."""
    ids = json.dumps({"ids": [new_id() for _ in range(1000)]}).encode()
    asked = [post(path, ids, b"application/json") for path in ("/api/delete", "/api/retry")]
    turn = iter(range(1_000_000_000))
    with repeated(60, lambda: send_and_read(gallery, asked[next(turn) % 2])):
        yield


@contextmanager
def wrong_tokens_from_many_connections(gallery: Gallery) -> Iterator[None]:
    """Guesses, each of another token, over two hundred connections of one address."""
    turn = iter(range(1_000_000_000))

    def guess() -> None:
        token = b"%024d" % next(turn)
        asked = b"GET /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token
        send_and_read(gallery, asked + b"\r\nConnection: close\r\n\r\n")

    with repeated(64, guess):
        yield
