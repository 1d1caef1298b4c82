"""`gallery regenerate`, with real workers and a real Redis-compatible server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.images.recipe import RECIPE
from pipeline.images.view_format import ViewFormat
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.checks.image import check_image
from pipeline.store.regeneration import Which, is_wanted, regenerating
from tests import planted
from tests.conftest import ROOT, Gallery, until
from tests.dated import KINDS
from tests.pictures import picture, undecodable
from tests.render_fixtures import encoded, scene
from tests.stopped import Call, run
from worker.engine.camera import NO_SENSE


def command(gallery: Gallery, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "regenerate", *options],
        cwd=ROOT, env=gallery.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def regenerate(gallery: Gallery, *options: str) -> tuple[int, str]:
    process = command(gallery, *options)
    out, errors = process.communicate(timeout=120)
    return process.returncode, out + errors


def store_of(gallery: Gallery) -> Store:
    return Store(Settings.from_environment(gallery.environ))


def fill(gallery: Gallery, count: int, size: tuple[int, int] = (900, 600)) -> list[str]:
    ids = [gallery.upload(picture("JPEG", size)).json["id"] for _ in range(count)]
    for image_id in ids:
        assert gallery.until_ended(image_id)["state"] == "ready"
    # A record says ready a moment before its job leaves the queue.
    until(lambda: not any(gallery.queue(name)["running"] for name in ("queue", "views")), 60)
    return ids


def age(gallery: Gallery, image_id: str) -> None:
    """Make the record tell of an older recipe."""
    path = store_of(gallery).layout.record(image_id)
    path.write_text(json.dumps({**json.loads(path.read_text()), "recipe": RECIPE - 1}))


def test_outdated_and_missing_renditions_are_made_anew_and_get_new_addresses(gallery: Gallery) -> None:
    old, whole, bare = fill(gallery, 3)
    store, before = store_of(gallery), gallery.call("GET", f"/api/images/{old}").json
    age(gallery, old)
    store.layout.rendition(bare, "view").unlink()
    files = {i: store.layout.rendition(i, "grid").stat().st_mtime_ns for i in (old, whole, bare)}
    assert [is_wanted(store, i, Which.MISSING, ViewFormat.AUTO) for i in (old, whole, bare)] == [False, False, True]
    status, said = regenerate(gallery)
    assert (status, "2 made" in said) == (0, True), said
    changed = [i for i in files if store.layout.rendition(i, "grid").stat().st_mtime_ns != files[i]]
    assert changed == [old, bare]
    after = gallery.call("GET", f"/api/images/{old}").json
    assert (after["recipe"], after["state"], after["attempts"]) == (RECIPE, "ready", before["attempts"])
    assert after["links"]["grid"].endswith(f"?v={RECIPE}-{after['renditions']['grid']['bytes']}")
    gallery.until_listed(old)
    assert after["links"]["grid"] in gallery.call("GET", "/").body.decode()
    for image_id in files:
        assert list(check_image(store.volume, store.layout.image(image_id), None, deep=True)) == []
    assert "Nothing to make again" in regenerate(gallery)[1]
    assert "3 made" in regenerate(gallery, "--all")[1]


def test_what_cameras_knew_is_read_into_records_that_lack_it_without_making_pictures(gallery: Gallery) -> None:
    store, exif, absurd = store_of(gallery), planted.exif(), planted.exif()
    absurd.get_ifd(0x8769)[0x9003] = "1904:01:01 00:00:00"
    files = [encoded(scene((90, 60)), kind, exif=exif.tobytes()) for kind in KINDS.values()]
    files += [encoded(scene((91, 60)), "JPEG", exif=absurd.tobytes()), picture()]
    ids = [gallery.upload(data).json["id"] for data in files]
    wanted = [gallery.until_ended(image_id) for image_id in ids]
    assert [record["taken_at"] for record in wanted] == ["2019-07-14T18:03:22"] * len(KINDS) + [None, None]
    renditions = {path: path.stat().st_mtime_ns for path in store.layout.images.rglob("*.*") if path.suffix != ".json"}
    for image_id in ids:
        path = store.layout.record(image_id)
        record = json.loads(path.read_text())
        for name in ("taken_at", "camera", "lens", "exposure", "facts_version"):
            record.pop(name, None)
        path.write_text(json.dumps({**record, "notes": []}))
    status, said = regenerate(gallery, "--facts")
    assert (status, said.strip()) == (0, f"{len(ids)} read")
    assert [gallery.call("GET", f"/api/images/{image_id}").json for image_id in ids] == wanted
    assert wanted[-2]["notes"] == [NO_SENSE]
    for path in store.layout.images.rglob("image.json"):
        assert not [
            word for word in ("gps", "latitude", "location", "48.8", "owner", "serial") if word in path.read_text()
        ]
    assert {path: path.stat().st_mtime_ns for path in renditions} == renditions
    assert "Nothing to read" in regenerate(gallery, "--facts")[1]


def test_what_cameras_knew_is_read_behind_uploads(gallery: Gallery) -> None:
    store = store_of(gallery)
    records = [store.layout.record(image_id) for image_id in fill(gallery, 3)]
    for path in records:
        path.write_text(json.dumps({**json.loads(path.read_text()), "facts_version": 0}))
    gallery.stop("worker.2")
    worker = gallery.processes["worker.1"]
    worker.send_signal(signal.SIGSTOP)
    try:
        process = command(gallery, "--facts")
        until(lambda: gallery.queue("views")["waiting"], 60)
        uploaded = [gallery.upload(picture()).json["id"] for _ in range(3)]
    finally:
        worker.send_signal(signal.SIGCONT)
    assert [gallery.until_ended(image_id)["state"] for image_id in uploaded] == ["ready"] * 3
    assert process.communicate(timeout=120)[0].strip() == "3 read"
    made = [store.layout.record(image_id).stat().st_mtime_ns for image_id in uploaded]
    assert max(made) <= min(path.stat().st_mtime_ns for path in records)


def test_what_cannot_be_made_anew_keeps_what_it_has(gallery: Gallery) -> None:
    (image_id,) = fill(gallery, 1)
    store = store_of(gallery)
    original = store.original(store.get(image_id))
    original.write_bytes(undecodable())
    status, said = regenerate(gallery, "--all")
    assert (status, "1 failed" in said, "damaged" in said) == (1, True, True), said
    record = gallery.call("GET", f"/api/images/{image_id}").json
    assert record["state"] == "ready"
    assert gallery.call("GET", record["links"]["view"]).status == 200


def test_a_damaged_record_keeps_no_other_image_from_being_made_anew(gallery: Gallery) -> None:
    damaged, other = fill(gallery, 2)
    store_of(gallery).layout.record(damaged).write_bytes(b"{")
    age(gallery, other)
    status, out = regenerate(gallery)
    assert status == 1
    assert "1 failed, 1 made" in out
    assert f"{damaged}: The record of this image is damaged." in out
    assert store_of(gallery).get(other).recipe == RECIPE


def test_an_upload_does_not_wait_behind_a_long_run_and_every_image_is_served_all_the_while(gallery: Gallery) -> None:
    ids = fill(gallery, 8, (4000, 3000))
    process, broken, stop = command(gallery, "--all"), [], threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for image_id in ids:
                answer = gallery.call("GET", f"/images/{image_id}/grid.webp")
                if answer.status != 200 or len(answer.body) != int(answer.headers["Content-Length"]):
                    broken.append(image_id)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        until(lambda: gallery.queue("views")["running"], 60)
        waited = []
        while process.poll() is None:
            record = gallery.until_ended(gallery.upload(picture("JPEG", (600, 400))).json["id"])
            waited.append(record["queued_at"] is not None and record["state"] == "ready")
            assert gallery.queue("views")["waiting"] <= 4
    finally:
        stop.set()
        watcher.join()
    assert len(waited) >= 2
    assert all(waited)
    assert process.communicate()[0].strip() == "8 made"
    assert broken == []


def test_a_run_goes_on_when_workers_are_killed(gallery: Gallery) -> None:
    ids = fill(gallery, 8, (4000, 3000))
    for image_id in ids:
        age(gallery, image_id)
    process = command(gallery)
    until(lambda: gallery.queue("views")["running"], 60)
    gallery.stop("worker.1", signal.SIGKILL)
    gallery.stop("worker.2", signal.SIGKILL)
    gallery.start("worker.1", "worker")
    out, errors = process.communicate(timeout=180)
    assert (process.returncode, out.strip()) == (0, "8 made"), errors
    assert {gallery.call("GET", f"/api/images/{i}").json["recipe"] for i in ids} == {RECIPE}


def replaces(name: str) -> Callable[[Call], bool]:
    return lambda change: change.name == "rename" and change.files[1].endswith(name)


def test_a_crash_before_any_rename_leaves_a_ready_image_that_the_next_run_finishes(gallery: Gallery) -> None:
    store, names = store_of(gallery), ("grid.webp", "view.webp", "image.json", "")
    ids = dict(zip(names, fill(gallery, len(names)), strict=True))
    for name, image_id in ids.items():
        age(gallery, image_id)
        with run(store, "regenerate", image_id) as process:
            if name:
                process.stop_at(replaces(name))
            else:
                process.finish()
        assert store.get(image_id).state == "ready"
    assert "3 made" in regenerate(gallery)[1]
    for image_id in list(ids.values())[:3]:
        assert list(check_image(store.volume, store.layout.image(image_id), None, deep=True)) == []
    with regenerating(store, image_id):
        assert "1 gone, 3 made" in regenerate(gallery, "--all")[1]


def test_two_processes_rendering_the_same_image_at_once_leave_whole_files(tmp_path: Path) -> None:
    settings = Settings.from_environment({**os.environ, "GALLERY_DATA": str(tmp_path)})
    store = Store(settings)
    store.prepare()
    draft = store.draft()
    draft.write(picture("JPEG", (900, 600)))
    image_id = store.accept(draft, "a.jpg").record.id
    code = f"""
import sys
from pathlib import Path
from pipeline.volume.files import replace_whole
from pipeline.images.formats import Limits
from pipeline.settings import Settings
from pipeline.store import Store
from worker.engine.render import render
store = Store(Settings.from_environment())
record = store.get({image_id!r})
for _ in range(6):
    with store.original(record).open("rb") as original:
        render(original, Limits(),
           lambda made: replace_whole(store.layout.rendition(record.id, made.name), made.data))
"""
    environ = {**os.environ, "GALLERY_DATA": str(tmp_path)}
    both = [subprocess.Popen([sys.executable, "-c", code], env=environ, cwd=ROOT) for _ in range(2)]
    seen: dict[str, set[Any]] = {"grid": set(), "view": set()}
    while any(process.poll() is None for process in both):
        for name, found in seen.items():
            path = store.layout.rendition(image_id, name)
            if path.exists():
                data = path.read_bytes()
                assert len(data) == int.from_bytes(data[4:8], "little") + 8
                found.add(data)
    assert [process.returncode for process in both] == [0, 0]
    assert [len(found) for found in seen.values()] == [1, 1]
