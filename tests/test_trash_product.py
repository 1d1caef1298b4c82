"""The trash as people and programs use it: API, page, command and roles."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from pipeline.settings import Settings
from pipeline.store import Store
from tests.conftest import ROOT, Gallery, picture, until
from tests.pictures import undecodable
from tests.trash import DAY, put_away_before


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
    until(lambda: not store.trashed_ids(), 60)
    until(lambda: not list(gallery.data.rglob(f"*{image_id}*")), 60)
