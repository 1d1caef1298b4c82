"""Bytes that are here already: said only after the very bytes were looked at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import GalleryError, OriginalMissing
from pipeline.records import Record, State
from pipeline.settings import Settings
from pipeline.store import Store, duplicates
from tests.conftest import Gallery, picture
from tests.stores import accept, make, recover

DAMAGES: dict[str, Callable[[Path], Any]] = {
    "removed": lambda path: path.unlink(),
    "of the same size": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "cut off": lambda path: os.truncate(path, 10),
    "longer": lambda path: os.truncate(path, path.stat().st_size + 1),
}


def original(gallery: Gallery, image_id: str) -> Path:
    (folder,) = (gallery.data / "images").glob(f"*/*/{image_id}")
    (found,) = folder.glob("original.*")
    return found


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_an_upload_puts_back_an_original_that_was_lost(gallery: Gallery, damage: str) -> None:
    data = picture()
    first = gallery.until_ended(gallery.upload(data, "first.jpg").json["id"])
    DAMAGES[damage](original(gallery, first["id"]))
    again = gallery.upload(data, "again.jpg")
    assert again.status == 200
    assert (again.json["id"], again.json["state"], again.json["name"]) == (first["id"], "pending", "first.jpg")
    record = gallery.until_ended(first["id"])
    assert (record["state"], record["sha256"]) == ("ready", first["sha256"])
    assert gallery.call("GET", record["links"]["original"]).body == data
    assert gallery.call("GET", record["links"]["view"]).status == 200
    assert len(gallery.call("GET", "/api/images").json["images"]) == 1


@pytest.mark.parametrize("damage", ["removed", "cut off", "longer"])
def test_who_asks_by_hash_is_not_told_of_bytes_that_are_not_there(gallery: Gallery, damage: str) -> None:
    first = gallery.until_ended(gallery.upload(picture()).json["id"])
    ask = f"/api/images?sha256={first['sha256']}"
    assert [image["id"] for image in gallery.call("GET", ask).json["images"]] == [first["id"]]
    DAMAGES[damage](original(gallery, first["id"]))
    assert gallery.call("GET", ask).json["images"] == []


def test_a_failed_image_whose_original_was_lost_gets_another_chance(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    store.original(store.get(image_id)).unlink()
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(OriginalMissing())
    assert accept(store, data) == image_id
    assert (store.failed(), store.pending()) == ([], [image_id])
    recover(store)


def claim(store: Store, sha256: str, image_id: str) -> None:
    path = store.layout.claim(sha256)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(image_id)


def test_a_claim_on_other_bytes_than_the_record_tells_is_dropped(store: Store) -> None:
    """As after a record was rebuilt from a damaged original: nobody is told that the true bytes are here."""
    first, second = picture(), picture()
    one = accept(store, first)
    make(store, one)
    draft = store.draft()
    draft.write(second)
    sha256 = draft.sha256
    draft.discard()
    claim(store, sha256, one)
    assert store.find_by_hash(sha256) is None
    two = accept(store, second)
    assert two != one
    assert store.get(two).sha256 == sha256
    assert store.original(store.get(one)).read_bytes() == first
    found = store.find_by_hash(sha256)
    assert found is not None
    assert found.id == two


def test_exchanged_folders_lose_no_picture_to_an_upload(store: Store) -> None:
    first, second = picture(), picture()
    one, two = accept(store, first), accept(store, second)
    layout, aside = store.layout, store.layout.root / "aside"
    layout.image(one).rename(aside)
    layout.image(two).rename(layout.image(one))
    aside.rename(layout.image(two))
    for data in (first, second):
        accept(store, data)
    kept = [path.read_bytes() for path in layout.images.glob("*/*/*/original.*")]
    assert kept.count(first) >= 1
    assert kept.count(second) >= 1


def test_a_damaged_record_beside_its_whole_original_is_written_anew(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    make(store, image_id)
    store.layout.record(image_id).write_bytes(b"{")
    assert accept(store, data) == image_id
    recover(store)
    assert store.get(image_id).state is State.READY


def test_a_damaged_record_beside_another_original_is_left_alone(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    store.layout.record(image_id).write_bytes(b"{")
    (path,) = store.layout.image(image_id).glob("original.*")
    path.write_bytes(b"something else")
    other = accept(store, data)
    assert other != image_id
    assert path.read_bytes() == b"something else"


@pytest.mark.parametrize("thing", ["file", "link to nothing", "link out"])
def test_what_lies_in_a_claims_place_does_not_refuse_an_upload(store: Store, thing: str) -> None:
    data = picture()
    draft = store.draft()
    draft.write(data)
    path = store.layout.claim(draft.sha256)
    path.parent.mkdir()
    if thing == "file":
        path.write_text("x")
    else:
        path.symlink_to("../../.." if thing == "link out" else "nothing")
    assert store.accept(draft, "a.jpg").new
    assert accept(store, data) == draft.id


def former(store: Store, record: Record) -> None:
    """Change a claim into one as release 0.1 made it."""
    store.layout.claim(record.sha256).unlink()
    folder = store.layout.former_claims(record.sha256)
    folder.mkdir(exist_ok=True)
    (folder / f"{record.sha256}.{record.id}").touch()


def reopened(store: Store) -> Store:
    environ = {"GALLERY_DATA": str(store.layout.root), "GALLERY_TRASH_DAYS": "0"}
    return Store(Settings.from_environment(environ))


def test_claims_of_release_0_1_are_honoured_and_changed(store: Store) -> None:
    pictures = [picture() for _ in range(5)]
    ids = [accept(store, data) for data in pictures]
    for image_id in ids:
        former(store, store.get(image_id))
    for folder in list(store.layout.hashes.iterdir()):
        if len(folder.name) == 2:
            shutil.rmtree(folder)
    store = reopened(store)
    assert [accept(store, data) for data in pictures] == ids
    store.delete(ids[0])
    assert accept(store, pictures[0]) not in ids
    assert duplicates.adopt_former(store.volume) == 4
    assert all(len(folder.name) == 2 for folder in store.layout.hashes.iterdir())
    store = reopened(store)
    assert [accept(store, data) for data in pictures[1:]] == ids[1:]


def test_a_claim_of_an_image_that_is_gone_is_dropped(store: Store) -> None:
    data = picture()
    one = accept(store, data)
    store.layout.image(one).rename(store.layout.leaving(one))  # a delete that was cut short
    two = accept(store, data)
    assert two != one
    recover(store)
    assert [record.id for record in store.page().records] == [two]


def test_a_refused_or_known_upload_leaves_nothing(store: Store) -> None:
    data = picture()
    accept(store, data)
    assert accept(store, data)
    for refused in (b"no picture at all", b"", b"\x89PNG\r\n\x1a\n" + bytes(100)):
        with pytest.raises(GalleryError):
            accept(store, refused)
    assert os.listdir(store.layout.incoming) == []


def test_of_what_is_no_picture_nothing_is_written(store: Store, tmp_path: Path) -> None:
    draft: Any = store.draft()
    for _ in range(40):
        draft.write(b"not a picture " * 100_000)
    assert os.listdir(store.layout.incoming) == []
    draft.discard()
