"""The API's description: complete, of the version it says, shown offline, and true of the running service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipeline.settings import Settings
from tests.conftest import CHROMIUM, ROOT, Gallery, picture
from tests.pictures import undecodable
from web import create_app
from web.api.operations import OPERATIONS

PAGES = {"openapi.docs"}


def test_every_call_of_the_api_is_described(tmp_path: Path) -> None:
    app = create_app(Settings.from_environment({"GALLERY_DATA": str(tmp_path)}))
    calls = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert calls - PAGES <= set(OPERATIONS)
    assert set(OPERATIONS) <= {rule.endpoint for rule in app.url_map.iter_rules()}


@pytest.mark.parametrize("path", ["/api/images?limit=", "/api/ids?limit=", "/api/trash?limit=", "/api/days?every="])
def test_whole_numbers_are_read_alike_by_every_call_within_the_bounds_of_the_description(
    path: str, tmp_path: Path
) -> None:
    app = create_app(Settings.from_environment({"GALLERY_DATA": str(tmp_path)}))
    client, address = app.test_client(), path.partition("?")[0]
    described = client.get("/api/openapi.json").get_json()["paths"][address]["get"]["parameters"]
    schema = next(one["schema"] for one in described if f"?{one['name']}=" in path)
    least, most = schema["minimum"], schema.get("maximum", 10**30 * schema["minimum"])
    assert [client.get(f"{path}{number}").status_code for number in (least, most)] == [200, 200]
    refused = [
        client.get(f"{path}{text}") for text in (least - 1, most + 1, "", "x", f"%2B{least}", f"{least}_0", "1.0")
    ]
    assert {answer.status_code for answer in refused} == {400}
    (sentence,) = {answer.get_json()["detail"] for answer in refused}
    assert str(least) in sentence


CONFIG = """
[[operations]]
include-name = "POST /api/images"
# what a schema calls bytes is a picture only rarely
checks.positive_data_acceptance.enabled = false
"""


def test_a_tester_that_tries_all_it_can_think_of_finds_nothing(gallery: Gallery, tmp_path: Path) -> None:
    def run(config: str, *options: str) -> None:
        path = tmp_path / "schemathesis.toml"
        path.write_text(config)
        # listening never ends, so it has tests of its own
        command = ["--config-file", str(path), "run", f"{gallery.url}/api/openapi.json", "--no-color"]
        command += ["--exclude-operation-id", "events_events", "--seed", "1", "--max-examples", "15", *options]
        program = Path(sys.executable).with_name("st")
        done = subprocess.run([program, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-8000:]
        assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 200  # type: ignore[index]

    run(CONFIG)
    failed = gallery.upload(undecodable(), "broken.jpg").json["id"]
    gallery.until_ended(failed)
    run(f'[parameters]\n"path.image_id" = "{failed}"\n{CONFIG}', "--exclude-method", "DELETE")
    assert gallery.until_ended(gallery.upload(picture()).json["id"])["state"] == "ready"


def test_ids_of_no_calendar_are_not_found(gallery: Gallery) -> None:
    for image_id in ("f41b3098-24e9-7051-8268-c2ae5d3c40aa", "e677d220-0000-7051-8268-c2ae5d3c40aa"):
        assert gallery.call("GET", f"/api/images/{image_id}").status == 404
        assert gallery.call("GET", f"/api/images?before={image_id}").status == 400


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed")
def test_the_page_for_people_asks_no_other_host(gallery: Gallery, browser: Browser) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{gallery.url}/api/docs")
        text = page.locator("main").inner_text()
        shot = os.environ.get("GALLERY_SHOTS")
        if shot:
            page.screenshot(path=f"{shot}/api-docs.png")
    assert "/api/images/{image_id}/retry" in text
    assert "answers" in text.lower()
    assert complaints == []
    assert all(url.startswith(gallery.url) for url in asked)


def test_the_version_of_openapi_is_3_1(gallery: Gallery) -> None:
    found = gallery.call("GET", "/api/openapi.json")
    assert found.json["openapi"] == "3.1.0"
    assert found.json["components"]["schemas"]["Image"]["properties"]["links"] == {"$ref": "#/components/schemas/Links"}
    assert str(ROOT) not in found.body.decode()
