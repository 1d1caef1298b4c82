"""The index: pages, counts and searches from it are those of the folders, whoever changed what."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from bench.make_volume import make
from pipeline.volume.volume import Volume
from tests.conftest import Gallery, picture, until
from tests.indexes import another_machine, is_whole, page, pages, send_form, walk
from tests.pictures import undecodable
from tests.product import web_alone
from web.index import Index, Query, Sort, statements


@contextmanager
def three_hundred(data: Path) -> Iterator[Gallery]:
    """Three hundred images over thirty days, indexed; web alone, without Redis."""
    make(data, images=300, days=30)
    with web_alone(data) as gallery:
        until(lambda: is_whole(gallery), 60)
        yield gallery


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Gallery]:
    """Three hundred images, for a test that changes them."""
    with three_hundred(tmp_path / "data") as gallery:
        yield gallery


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Three hundred images that tests only look at."""
    with three_hundred(tmp_path_factory.mktemp("still") / "data") as gallery:
        yield gallery


def test_pages_from_the_index_are_those_of_the_folders_in_every_order(still: Gallery) -> None:
    everything = walk(still.data)
    assert pages(still, limit=70) == everything
    assert pages(still, "sort=taken", limit=70) == everything
    assert pages(still, "state=ready", limit=170) == everything
    assert pages(still, "format=jpeg&sort=taken", limit=170) == everything
    assert pages(still, "state=failed") == pages(still, "format=png") == []


def test_parts_of_names_are_found_without_regard_to_case_or_accents(web: Gallery) -> None:
    names = ["Überlingen am See.png", "uberlingen.png", "IMG 0042.png"]
    for name in names:
        web.upload(picture(), name)

    def found(words: str) -> list[str]:
        return sorted(record["name"] for record in pages(web, f"q={quote(words)}"))

    assert found("überl") == found("UBERLINGEN") == sorted(names[:2])
    assert found("see uber") == names[:1]
    assert found("0042 im") == names[2:]
    assert found('"0042') == found("no such name") == []
    assert len(found("picture")) == 300
    assert found("picture-29") == sorted(["picture-29.jpg", *(f"picture-29{n}.jpg" for n in range(10))])


@pytest.mark.parametrize("nearby", [5, 40, 1000])
def test_of_many_that_match_each_page_holds_the_next_ones(
    still: Gallery, monkeypatch: pytest.MonkeyPatch, nearby: int
) -> None:
    monkeypatch.setattr(statements, "_FEW", 3)
    monkeypatch.setattr(statements, "_NEARBY", nearby)
    index = Index(Path(still.environ["GALLERY_CACHE"]), Volume(still.data))
    for words in (("picture-1",), ("picture", "9.jpg")):
        expected = [one["id"] for one in walk(still.data) if all(word in one["name"] for word in words)]
        for sort in Sort:
            found: list[str] = []
            place = None
            while len(found) == 0 or place:
                page_ = index.page(Query(sort, words, before=place), 4)
                found += [record.id for record in page_.records]
                place = page_.next
            assert found == expected


def test_from_and_to_are_days_of_the_order_and_both_included(still: Gallery) -> None:
    everything = walk(still.data)
    days = sorted({record["received_at"][:10] for record in everything})
    for sort in ("received", "taken"):
        between = pages(still, f"sort={sort}&from={days[3]}&to={days[5]}")
        assert between == [record for record in everything if record["received_at"][:10] in days[3:6]]
    assert pages(still, "to=1960-01-01") == pages(still, "sort=taken&to=1960-01-01") == []


def test_what_cannot_be_asked_is_refused(still: Gallery) -> None:
    for query in ("sort=name", "q=", "q=ab", f"q={'a' * 201}", "format=bmp", "from=2019", "to=20190714", "colour=red"):
        assert still.call("GET", f"/api/images?{query}").status == 400, query
        assert still.call("GET", f"/api/ids?{query}").status == 400, query
    assert still.call("GET", "/api/days?by=name").status == 400
    assert still.call("GET", "/api/days?limit=3").status == 400


def test_pages_and_ids_go_both_ways_from_any_position_in_either_order(still: Gallery) -> None:
    for sort in ("received", "taken"):
        days = still.call("GET", f"/api/days?by={sort}").json
        assert days["complete"]
        ids = still.call("GET", f"/api/ids?sort={sort}").json["ids"]
        for day in days["days"][::7]:
            place = quote(day["first"])
            down = page(still, f"sort={sort}&before={place}&limit=500")["images"]
            up = page(still, f"sort={sort}&after={place}&limit=500")["images"]
            names = [record["id"] for record in [*reversed(up), *down]]
            first = day["first"][-36:]
            assert [*names[: len(up)], first, *names[len(up) :]] == ids


@pytest.mark.parametrize("sort", ["received", "taken"])
def test_who_pages_sees_each_image_once_while_others_come_and_go(web: Gallery, sort: str) -> None:
    everything = [record["id"] for record in walk(web.data)]
    doomed = set(random.Random(sort).sample(everything, 60))
    seen: list[str] = []
    before = ""
    while before is not None:
        found = page(web, f"sort={sort}&limit=20{before and f'&before={quote(before)}'}")
        seen += [record["id"] for record in found["images"]]
        before = found["next"]
        gone = [seen[-1], *sorted(doomed)[:4]]  # the image of the position itself, too
        doomed -= set(gone)
        for image_id in gone:
            web.call("DELETE", f"/api/images/{image_id}")
        web.upload(picture())
    assert len(seen) == len(set(seen))
    stayed = {record["id"] for record in walk(web.data)} & set(everything)
    assert stayed <= set(seen)


def test_who_changes_something_sees_it_at_once_from_every_process(bare: Gallery) -> None:
    bare.start_web(GALLERY_WEB_PROCESSES="3")
    until(lambda: is_whole(bare), 60)
    for number in range(12):
        send = send_form(bare, picture(), f"number-{number}.png")
        assert f"number-{number}.png".encode() in send.body
        newest = [page(bare, "limit=1")["images"][0] for _ in range(4)]
        assert {record["name"] for record in newest} == {f"number-{number}.png"}
        if number % 3 == 0:
            bare.call("DELETE", f"/api/images/{newest[0]['id']}")
            assert all(newest[0] not in page(bare)["images"] for _ in range(4))
            bare.call("POST", f"/api/images/{newest[0]['id']}/restore")
            assert all(newest[0] in page(bare)["images"] for _ in range(4))
    assert is_whole(bare)


def same_as_the_folders(web: Gallery) -> bool:
    return pages(web) == walk(web.data)


def test_the_indexes_of_two_machines_say_what_the_volume_says_once_it_is_quiet(gallery: Gallery) -> None:
    dice = random.Random("two machines")
    with another_machine(gallery) as other:
        machines = (gallery, other)
        gone: list[str] = []
        for _ in range(60):
            web = dice.choice(machines)
            known = walk(gallery.data)
            match dice.choice(("accept", "accept", "break", "delete", "restore", "retry")):
                case "accept":
                    web.upload(picture("JPEG"))
                case "break":
                    web.upload(undecodable())
                case "delete" if known:
                    gone.append(dice.choice(known)["id"])
                    web.call("DELETE", f"/api/images/{gone[-1]}")
                case "restore" if gone:
                    web.call("POST", f"/api/images/{gone.pop()}/restore")
                case "retry" if failed := [record["id"] for record in known if record["state"] == "failed"]:
                    web.call("POST", f"/api/images/{dice.choice(failed)}/retry")
        until(lambda: not any((gallery.data / "pending").iterdir()), 60)
        for web in machines:
            until(partial(same_as_the_folders, web), 60)
            assert is_whole(web)
            assert pages(web, "state=failed") == walk(gallery.data, "failed")
            counts = Counter(record["received_at"][:10] for record in walk(gallery.data))
            for by in ("received", "taken"):
                days = web.call("GET", f"/api/days?by={by}").json["days"]
                assert {day["day"]: day["count"] for day in days} == counts


def test_changes_of_another_machine_are_seen_without_redis(bare: Gallery) -> None:
    make(bare.data, images=20, days=4)
    bare.start_web()
    with another_machine(bare) as other:
        until(lambda: is_whole(bare) and is_whole(other), 60)
        bare.upload(picture(), "from-here.png")
        old = walk(bare.data)[15]["id"]
        bare.call("DELETE", f"/api/images/{old}")
        until(lambda: pages(other) == walk(bare.data), 30)
        assert is_whole(other)
