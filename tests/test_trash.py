"""The trash: a deleted image comes back as it was, or goes for good in its time, through any crash."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examine
from pipeline.errors import ImageNotFound, NotRestorable, Unrenderable, VolumeFull
from pipeline.ids import new_id
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import Store, expiry
from pipeline.store.cleanup import cleanup
from pipeline.store.trash_size import TrashSize
from pipeline.volume.volume import Volume
from tests.conftest import ROOT, Gallery, picture, until
from tests.pictures import undecodable
from tests.product import mounted
from tests.stopped import run
from tests.stores import accept, make, recover

DAY = 24 * 60 * 60


def put_away_before(store: Store, image_id: str, seconds: float) -> None:
    """Let an image have been in the trash for so long, by the volume's clock."""
    then = store.volume.now() - seconds
    os.utime(store.layout.trashed(image_id), (then, then))


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def ready(store: Store) -> str:
    image_id = accept(store, picture())
    make(store, image_id)
    return image_id


def failed(store: Store) -> str:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    return image_id


@pytest.mark.parametrize(
    "kind", [ready, failed, lambda store: accept(store, picture())], ids=["ready", "failed", "pending"]
)
def test_an_image_comes_back_as_it_was(store: Store, kind: Any) -> None:
    image_id = kind(store)
    before, record = everything_in(store.layout.image(image_id)), store.get(image_id)
    store.delete(image_id)
    with pytest.raises(ImageNotFound):
        store.get(image_id)
    assert store.page().records == []
    assert store.pending() == store.failed() == []
    assert store.find_by_hash(record.sha256) is None
    assert examine(store) == []
    assert store.restore(image_id) == record
    assert store.get(image_id) == record
    assert everything_in(store.layout.image(image_id)) == before
    assert store.pending() == ([image_id] if record.state is State.PENDING else [])
    assert store.failed() == ([image_id] if record.state is State.FAILED else [])
    assert store.trashed_ids() == []
    assert examine(store) == []


def test_the_same_bytes_bring_an_image_back_and_never_make_a_second(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    make(store, image_id)
    store.delete(image_id)
    upload = store.draft()
    upload.write(data)
    accepted = store.accept(upload, "b.png")
    assert (accepted.record.id, accepted.new, accepted.restored, accepted.pending) == (image_id, False, True, False)
    assert store.get(image_id).state is State.READY
    assert examine(store) == []


def test_bytes_that_were_damaged_in_the_trash_are_replaced_by_those_that_are_sent(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    make(store, image_id)
    original = store.original(store.get(image_id)).name
    store.delete(image_id)
    path = store.layout.trashed(image_id) / original
    path.write_bytes(bytes(path.stat().st_size))
    assert accept(store, data) == image_id
    assert store.original(store.get(image_id)).read_bytes() == data
    recover(store)
    assert examine(store) == []


def test_an_image_whose_record_was_damaged_in_the_trash_is_named_and_in_nobodys_way(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    store.delete(image_id)
    (store.layout.trashed(image_id) / "image.json").write_bytes(b"{")
    assert [violation.code for violation in examine(store)] == ["trash-damaged", "claim-orphan"]
    again = accept(store, data)
    assert again != image_id
    assert store.trashed_page() == ([], None)
    store.purge(image_id)
    assert examine(store) == []


def test_what_has_been_there_for_its_time_goes_for_good(store: Store) -> None:
    old, new = ready(store), ready(store)
    for image_id in (old, new):
        store.delete(image_id)
    put_away_before(store, old, 30 * DAY + 60)
    put_away_before(store, new, 30 * DAY - 60)
    assert store.expire_trash() == 1
    assert store.trashed_ids() == [new]
    assert list(store.layout.root.rglob(f"*{old}*")) == []
    assert examine(store) == []


def test_the_time_in_the_trash_is_told_by_the_clock_of_the_volume_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = ready(store)
    store.delete(image_id)
    now = time.time()
    for wrong in (now + 100 * DAY, now - 100 * DAY):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: wrong)
        assert store.expire_trash() == 0
    put_away_before(store, image_id, 31 * DAY)
    assert store.expire_trash() == 1


def test_what_was_restored_and_deleted_once_more_has_all_its_time_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_AGAIN", 0)  # as if much else were in the trash
    image_id = ready(store)
    store.delete(image_id)
    put_away_before(store, image_id, 29 * DAY)
    assert store.expire_trash() == 0
    store.restore(image_id)
    store.delete(image_id)
    two_days_later = store.volume.now() + 2 * DAY
    monkeypatch.setattr(Volume, "now", lambda _: two_days_later)
    assert store.expire_trash() == 0
    assert store.trashed_ids() == [image_id]


def test_a_sweep_asks_for_few_stamps_however_much_is_in_the_trash(store: Store) -> None:
    for _ in range(1500):
        store.layout.trashed(new_id()).mkdir()
    found = [asked_for_stamps(store.expire_trash) for _ in range(4)]
    assert max(found[:2]) < 1100, "more than those that it does not know yet"
    assert max(found[2:]) < 120
    put_away_before(store, store.trashed_ids()[750], 31 * DAY)
    until(lambda: store.expire_trash() == 1, 60)


def test_room_is_made_without_asking_again_for_every_stamp(store: Store) -> None:
    ids = [new_id() for _ in range(300)]
    for number, image_id in enumerate(ids):
        store.layout.trashed(image_id).mkdir()
        put_away_before(store, image_id, 1000 - number)
    trash_size, removed = TrashSize(store.volume), list[str]()
    removed.append(next(trash_size.make_room()))
    os.utime(store.layout.trashed(ids[1]))  # as if it was restored, and deleted once more
    assert asked_for_stamps(lambda: removed.append(next(trash_size.make_room()))) < 30
    assert removed == [ids[0], ids[2]]


def asked_for_stamps(step: Callable[[], object]) -> int:
    """How often a step calls `stat`."""
    found = 0

    def watch(_frame: object, event: str, function: object) -> None:
        nonlocal found
        found += event == "c_call" and function is os.stat

    sys.setprofile(watch)
    try:
        step()
    finally:
        sys.setprofile(None)
    return found


def test_what_was_put_away_first_makes_room_for_an_upload_if_that_helps(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=24m") as mounts:
        if not mounts:
            pytest.skip("a file system in memory cannot be mounted here")
        environ = {"GALLERY_DATA": str(tmp_path / "small"), "GALLERY_RESERVE_MB": "4"}
        store = Store(Settings.from_environment(environ))
        store.prepare()
        ids = []
        for number in range(3):
            ids.append(accept(store, picture("PNG", (60, 60)) + os.urandom(5_000_000)))
            make(store, ids[-1])
            store.delete(ids[-1])
            put_away_before(store, ids[-1], 1000 - number)
        store = Store(Settings.from_environment(environ))  # which has not counted what waited
        with pytest.raises(VolumeFull):
            store.draft(40_000_000)
        assert store.trashed_ids() == ids[::-1]
        store.draft(6_000_000).discard()
        assert store.trashed_ids() == ids[:0:-1]
        store.draft(18_000_000).discard()
        assert store.trashed_ids() == []


def test_a_sweep_leaves_the_marker_of_an_image_that_comes_back(store: Store) -> None:
    image_id = accept(store, picture())
    store.delete(image_id)

    with run(store, "restore", image_id) as restore:
        restore.stop_at(lambda change: change.renames_into("images"))
        assert cleanup(store.volume).markers == 0
        restore.finish()
    assert store.pending() == [image_id]
    assert examine(store) == []


def test_deletes_restores_uploads_and_removals_at_once_leave_one_image_or_none(store: Store) -> None:
    pictures = [picture() for _ in range(3)]
    ids = [accept(store, data) for data in pictures]
    seen: Counter[str] = Counter()
    end = time.monotonic() + 5

    def act(turn: int) -> None:
        while time.monotonic() < end:
            for number, data in enumerate(pictures):
                with_it = ids[number]
                try:
                    if turn == 0:
                        store.delete(with_it)
                    elif turn == 1:
                        store.restore(with_it)
                    elif turn == 2:
                        ids[number] = accept(store, data)
                    elif turn == 3 and seen["purged"] < 20:
                        store.purge(with_it)
                        seen["purged"] += 1
                    seen[str(turn)] += 1
                except (ImageNotFound, NotRestorable):
                    continue

    threads = [threading.Thread(target=act, args=(turn % 4,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(seen[str(turn)] for turn in range(4))
    last = [accept(store, data) for data in pictures]
    recover(store)
    assert sorted(record.id for record in store.page().records) == sorted(last)
    assert store.trashed_ids() == []
    assert examine(store) == []


def test_nothing_is_kept_where_nothing_is_to_be_kept(without_trash: Store) -> None:
    image_id = ready(without_trash)
    without_trash.delete(image_id)
    assert list(without_trash.layout.root.rglob(f"*{image_id}*")) == []


def test_turning_the_trash_off_empties_it(store: Store) -> None:
    image_id = ready(store)
    store.delete(image_id)
    off = Store(Settings.from_environment({"GALLERY_DATA": str(store.layout.root), "GALLERY_TRASH_DAYS": "0"}))
    assert off.expire_trash() == 1
    assert examine(store) == []


def test_the_way_through_the_trash_by_api(gallery: Gallery) -> None:
    data = picture()
    image_id = gallery.upload(data, "beach.png").json["id"]
    record = gallery.until_ended(image_id)
    assert gallery.call("DELETE", f"/api/images/{image_id}").status == 204
    assert gallery.call("GET", f"/api/images/{image_id}").status == 404
    assert gallery.call("GET", f"/images/{image_id}/grid.webp").status == 404
    found = gallery.call("GET", "/api/trash").json
    assert [image["id"] for image in found["images"]] == [image_id]
    one = found["images"][0]
    assert one["deleted_at"] < one["expires_at"]
    assert gallery.call("GET", one["links"]["grid"]).status == 200
    assert gallery.call("GET", "/api/status").json["trashed"] == 1
    metrics = gallery.call("GET", "/metrics").body.decode()
    assert "gallery_trash_images 1.0" in metrics
    assert int(float(re.findall(r"^gallery_trash_bytes (\S+)", metrics, re.M)[0])) > len(data)
    assert gallery.call("POST", one["links"]["restore"]).json["id"] == image_id
    assert gallery.call("GET", f"/api/images/{image_id}").json == record
    assert gallery.call("POST", f"/api/images/{image_id}/restore").status == 404

    gallery.call("DELETE", f"/api/images/{image_id}")
    again = gallery.upload(data, "other.png")
    assert (again.status, again.json["restored"], again.json["id"]) == (200, True, image_id)
    assert gallery.upload(data, "other.png").json["restored"] is False

    gallery.call("DELETE", f"/api/images/{image_id}")
    assert gallery.call("DELETE", f"/api/trash/{image_id}").status == 204
    assert gallery.call("DELETE", f"/api/trash/{image_id}").status == 404
    other = gallery.upload(picture()).json["id"]
    gallery.call("DELETE", f"/api/images/{other}")
    assert gallery.call("DELETE", "/api/trash").json == {"deleted": 1, "left": 0}
    assert gallery.call("GET", "/api/trash").json == {"images": [], "next": None}


def test_a_picture_that_waited_is_made_after_it_came_back(gallery: Gallery) -> None:
    for worker in ("worker.1", "worker.2"):
        gallery.stop(worker)
    image_id = gallery.upload(picture()).json["id"]
    gallery.call("DELETE", f"/api/images/{image_id}")
    gallery.call("POST", f"/api/images/{image_id}/restore")
    gallery.start("worker.1", "worker")
    assert gallery.until_ended(image_id)["state"] == "ready"


def test_a_failed_picture_comes_back_with_its_reason(gallery: Gallery) -> None:
    image_id = gallery.upload(undecodable(), "broken.jpg").json["id"]
    record = gallery.until_ended(image_id)
    gallery.call("DELETE", f"/api/images/{image_id}")
    assert gallery.call("POST", f"/api/images/{image_id}/restore").json == record
    assert gallery.call("GET", "/api/status").json["failed"] == 1


def test_the_trash_is_paged(gallery: Gallery) -> None:
    ids = [gallery.upload(picture()).json["id"] for _ in range(5)]
    for image_id in ids:
        gallery.call("DELETE", f"/api/images/{image_id}")
    seen, before = [], ""
    while True:
        found = gallery.call("GET", f"/api/trash?limit=2{before}").json
        seen += [image["id"] for image in found["images"]]
        if found["next"] is None:
            break
        before = f"&before={found['next']}"
    assert seen == ids[::-1]
    for wrong in ("limit=0", "limit=501", "limit=x", "limit=9999999999", "before=x"):
        assert gallery.call("GET", f"/api/trash?{wrong}").status == 400


def test_who_may_do_what(bare: Gallery) -> None:
    names = {role: f"{role}-secret-of-enough-length" for role in ("read", "upload", "admin")}
    bare.environ["GALLERY_TOKEN"] = ",".join(f"{role}:{role}:{secret}" for role, secret in names.items())
    bare.start_all()

    def call(role: str, method: str, path: str) -> int:
        return bare.call(method, path, headers={"Authorization": f"Bearer {names[role]}"}).status

    data = picture()
    image_id = bare.call("POST", "/api/images", data, {"Authorization": f"Bearer {names['upload']}"}).json["id"]
    assert call("admin", "DELETE", f"/api/images/{image_id}") == 204
    for role in ("read", "upload"):
        assert call(role, "GET", "/api/trash") == 403
        assert call(role, "GET", "/trash") == 403
        assert call(role, "GET", f"/trash/{image_id}/grid.webp") == 403
        assert call(role, "DELETE", f"/api/trash/{image_id}") == 403
        assert call(role, "DELETE", "/api/trash") == 403
    assert call("read", "POST", f"/api/images/{image_id}/restore") == 403
    assert call("upload", "POST", f"/api/images/{image_id}/restore") == 200


def test_the_page_of_the_trash_works_without_script(gallery: Gallery) -> None:
    assert b"The trash is empty" in gallery.call("GET", "/trash").body
    ids = [gallery.upload(picture(), f"{name}.png").json["id"] for name in ("<b>", "two")]
    for image_id in ids:
        gallery.until_ended(image_id)
        gallery.call("DELETE", f"/api/images/{image_id}")
    page = gallery.call("GET", "/trash").body.decode()
    assert "&lt;b&gt;.png" in page
    assert "stay here for 30 days" in page
    gallery.call("POST", f"/trash/{ids[0]}/restore", b"")
    assert gallery.call("GET", f"/api/images/{ids[0]}").status == 200
    gallery.call("POST", f"/trash/{ids[1]}/purge", b"")
    assert gallery.call("GET", "/api/trash").json["images"] == []
    gallery.call("DELETE", f"/api/images/{ids[0]}")
    gallery.call("POST", "/trash/empty", b"")
    assert gallery.call("GET", "/api/trash").json["images"] == []


def test_the_command_lists_restores_and_removes(gallery: Gallery) -> None:
    ids = [gallery.upload(picture(), f"{number}.png").json["id"] for number in range(3)]

    def command(*words: str, expect: int = 0) -> str:
        environ = {**os.environ, "GALLERY_URL": gallery.url}
        said = subprocess.run(
            [sys.executable, "-m", "cli", *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
        assert said.returncode == expect, said.stderr
        return said.stdout

    assert "deleted" in command("delete", "--yes", *ids)
    listed = [json.loads(line) for line in command("trash", "list", "--json").splitlines()]
    assert [image["id"] for image in listed] == ids[::-1]
    assert ids[0] in command("trash", "list")
    assert "restored" in command("trash", "restore", ids[0])
    assert "not there" in command("trash", "restore", ids[0], expect=1)
    assert "removed" in command("trash", "purge", "--yes", ids[1])
    assert command("trash", "empty", "--yes") == "1 removed permanently\n"
    assert command("trash", "list") == ""
    assert gallery.call("GET", f"/api/images/{ids[0]}").status == 200


def test_the_sweep_empties_the_trash_in_time(gallery: Gallery) -> None:
    image_id = gallery.upload(picture()).json["id"]
    gallery.until_ended(image_id)
    gallery.call("DELETE", f"/api/images/{image_id}")
    store = Store(Settings.from_environment(gallery.environ))
    put_away_before(store, image_id, 31 * DAY)
    until(lambda: not store.trashed_ids(), 30)
    until(lambda: not list(gallery.data.rglob(f"*{image_id}*")), 30)
