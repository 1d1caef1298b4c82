"""Trying many failed images again: a bounded number in one call, and none keeps the others from their turn."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from pipeline.errors import Unrenderable
from pipeline.settings import Settings
from pipeline.store import Store
from tests.conftest import picture
from tests.stores import accept
from web import create_app, services


@pytest.fixture
def client(store: Store) -> FlaskClient:
    """A gallery with twelve failed images, without Redis."""
    for _ in range(12):
        with store.attempt(accept(store, picture()), worker="test") as attempt:
            attempt.fail(Unrenderable())
    nobody = "redis://127.0.0.1:1/0"
    return create_app(
        Settings.from_environment(
            {
                "GALLERY_DATA": str(store.layout.root),
                "GALLERY_CACHE": str(store.layout.root.with_name("cache")),
                "REDIS_URL": nobody,
            }
        )
    ).test_client()


def retry(client: FlaskClient) -> tuple[int, int]:
    answer = client.post("/api/retry-failed")
    assert answer.status_code == 202
    assert answer.json is not None
    return answer.json["retried"], answer.json["left"]


def test_one_call_retries_a_bounded_number_and_says_how_many_are_left(
    client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_AT_ONCE", 5)
    oldest = store.failed()[0]
    assert retry(client) == (5, 7)
    assert oldest in store.pending()
    assert retry(client) == (5, 2)
    assert retry(client) == (2, 0)
    assert retry(client) == (0, 0)
    assert len(store.pending()) == 12


def test_one_call_ends_after_a_bounded_time(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_CALL_SECONDS", 0)
    retried, left = retry(client)
    assert retried <= 1
    assert retried + left == 12


def test_an_image_that_cannot_be_retried_keeps_no_other_from_it(client: FlaskClient, store: Store) -> None:
    failed = store.failed()
    store.layout.record(failed[0]).write_bytes(b"damaged")
    store.delete(failed[1])
    store.layout.failure(failed[1]).touch()
    store.retry(failed[2])
    store.layout.failure(failed[2]).touch()
    assert retry(client) == (9, 0)
    asked = client.post("/api/retry", json={"ids": failed})
    assert (asked.status_code, asked.json) == (202, {"retried": 0, "left": 0})


def test_the_page_retries_as_many_and_shows_the_rest(
    client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_AT_ONCE", 5)
    assert client.post("/retry-failed").status_code == 303
    assert "7 pictures failed" in client.get("/").text
