"""rq-dashboard behind its fence: it works with our queue, and the holes it is known for are closed."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pickle
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from redis import Redis

from tests.conftest import CHROMIUM, Answer, Gallery, answers, free_port, until
from tests.pictures import undecodable
from tests.siege.sending import held

PASSWORD = "the dashboard's password"
CREDENTIALS = {"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}
PREFIX = "/rq-dashboard"


class Dashboard:
    """The dashboard of a gallery."""

    def __init__(self, gallery: Gallery, port: int) -> None:
        self.gallery = gallery
        self.port = port

    def call(self, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, PREFIX + path, headers=CREDENTIALS if headers is None else headers)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return found

    def failed_job(self) -> str:
        """A job that ended among the failed ones."""
        image_id: str = self.gallery.until_ended(self.gallery.upload(undecodable(), "broken.jpg").json["id"])["id"]
        until(lambda: image_id in self.ids("failed"), 60)
        return image_id

    def ids(self, registry: str) -> list[str]:
        return [job["id"] for job in self.call("GET", f"/0/data/jobs/thumbnails/{registry}/50/asc/1.json").json["jobs"]]


@pytest.fixture
def dashboard(gallery: Gallery) -> Dashboard:
    port = free_port()
    gallery.start("dashboard", "web.dashboard", GALLERY_DASHBOARD_PORT=str(port), GALLERY_DASHBOARD_PASSWORD=PASSWORD)
    until(lambda: answers(port), 60)
    return Dashboard(gallery, port)


def test_it_shows_our_queue_and_requeues_a_failed_job(dashboard: Dashboard) -> None:
    job = dashboard.failed_job()
    queues = dashboard.call("GET", "/0/data/queues.json").json["queues"]
    assert [(queue["name"], queue["failed_job_registry_count"]) for queue in queues] == [("thumbnails", 1)]
    assert len(dashboard.call("GET", "/0/data/workers.json").json["workers"]) == 2
    assert dashboard.call("GET", f"/0/data/job/{job}.json").json["description"] == "make_thumbnail"
    assert dashboard.call("POST", f"/job/{job}/requeue").json == {"status": "OK"}
    until(lambda: dashboard.ids("finished") == [job], 60)
    assert dashboard.ids("failed") == []
    assert dashboard.call("POST", f"/job/{job}/delete").json == {"status": "OK"}


def test_a_job_that_is_gone_or_ends_meanwhile_is_no_error_of_ours(dashboard: Dashboard) -> None:
    job = dashboard.failed_job()
    with Redis.from_url(dashboard.gallery.environ["REDIS_URL"]) as redis:
        redis.hset(f"rq:job:{job}", "status", "started")
        redis.zadd(f"rq:executions:{job}", {"an execution that its worker has just ended": time.time() + 600})
        lost = dashboard.call("POST", f"/job/{job}/delete")
        assert (lost.status, lost.body) == (409, b"This job changed in the same moment. Reload the page.")
        redis.zrem("rq:failed:thumbnails", job)
        assert dashboard.call("POST", f"/job/{job}/requeue").status == 409
    for method, path in (("GET", "/0/view/job/none"), ("GET", "/0/data/job/none.json"), ("POST", "/job/none/requeue")):
        assert dashboard.call(method, path).status == 404
    dashboard.gallery.stop("redis", signal.SIGKILL)
    assert dashboard.call("GET", "/0/data/queues.json").status == 503


def test_nothing_is_shown_or_done_without_the_login(dashboard: Dashboard) -> None:
    job = dashboard.failed_job()
    wrong = {"Authorization": "Basic " + base64.b64encode(b"admin:wrong").decode()}
    for method, path in (
        ("GET", "/"),
        ("GET", "/0/data/queues.json"),
        ("GET", "/static/css/main.css"),
        ("POST", "/requeue/thumbnails"),
        ("POST", f"/job/{job}/delete"),
        ("POST", "/queue/thumbnails/failed/empty"),
    ):
        assert dashboard.call(method, path, {}).status == 401
    assert dashboard.call("GET", "/", wrong).status == 401
    assert dashboard.ids("failed") == [job]
    assert [dashboard.call("GET", "/", wrong).status for _ in range(12)][-1] == 429
    assert dashboard.call("GET", "/").status == 200  # the right password always works


def test_requests_that_never_end_keep_nobody_from_it(dashboard: Dashboard) -> None:
    half = b"POST /rq-dashboard/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n"
    there = replace(dashboard.gallery, port=dashboard.port)
    with held(there, 40, half), held(there, 40, half + b"\r\na", "127.0.0.3"):
        for _ in range(5):
            assert dashboard.call("GET", "/0/data/queues.json").status == 200


def test_a_link_changes_nothing_and_other_sites_get_nothing(dashboard: Dashboard) -> None:
    job = dashboard.failed_job()
    assert dashboard.call("GET", "/requeue/thumbnails").status == 405
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        for path in ("/requeue/thumbnails", f"/job/{job}/requeue", f"/job/{job}/delete"):
            assert dashboard.call("POST", path, {**CREDENTIALS, **headers}).status == 403
    reading = {**CREDENTIALS, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert dashboard.call("GET", "/0/data/queues.json", reading).status == 403
    linked = {**CREDENTIALS, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert dashboard.call("GET", "/", linked).status == 200
    assert dashboard.ids("failed") == [job]


def test_what_lies_in_redis_is_never_unpickled(dashboard: Dashboard, tmp_path: Path) -> None:
    job = dashboard.failed_job()
    trace = tmp_path / "it ran"

    class Payload:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(trace),)

    with Redis.from_url(dashboard.gallery.environ["REDIS_URL"]) as redis:
        redis.hset(f"rq:job:{job}", mapping={"meta": pickle.dumps(Payload()), "data": pickle.dumps(Payload())})
    for method, path in (
        ("GET", f"/0/view/job/{job}"),
        ("GET", f"/0/data/job/{job}.json"),
        ("POST", f"/job/{job}/requeue"),
    ):
        dashboard.call(method, path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "damage",
    [{"description": b"\xff\xfe"}, {"created_at": "never"}, {"timeout": "1e999"}, {"status": "<b>"}, {}],
    ids=["text", "time", "number", "status", "type"],
)
def test_a_job_that_cannot_be_read_hides_no_other(dashboard: Dashboard, damage: dict[str, Any]) -> None:
    job, other = dashboard.failed_job(), "another-job"
    with Redis.from_url(dashboard.gallery.environ["REDIS_URL"]) as redis:
        redis.copy(f"rq:job:{job}", f"rq:job:{other}")
        redis.zadd("rq:failed:thumbnails", {other: time.time() + 3600})
        if damage:
            redis.hset(f"rq:job:{other}", mapping=damage)
        else:
            redis.delete(f"rq:job:{other}")
            redis.lpush(f"rq:job:{other}", "no job")
    found = dashboard.call("GET", "/0/data/jobs/thumbnails/failed/50/asc/1.json").json["jobs"]
    assert {entry["id"]: entry["description"] for entry in found} == {
        job: "make_thumbnail",
        other: "This entry cannot be read.",
    }


def test_a_text_of_ten_megabytes_is_cut(dashboard: Dashboard) -> None:
    job = dashboard.failed_job()
    with Redis.from_url(dashboard.gallery.environ["REDIS_URL"]) as redis:
        redis.hset(f"rq:job:{job}", "description", "x" * 10_000_000)
    for path in (f"/0/data/job/{job}.json", "/0/data/jobs/thumbnails/failed/50/asc/1.json"):
        answer = dashboard.call("GET", path)
        assert answer.status == 200
        assert len(answer.body) < 200_000


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed")
def test_html_in_a_job_is_shown_as_text_and_the_buttons_work(dashboard: Dashboard, browser: Browser) -> None:
    job = dashboard.failed_job()
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script><form>"
    with Redis.from_url(dashboard.gallery.environ["REDIS_URL"]) as redis:
        redis.hset(f"rq:job:{job}", mapping={"description": evil, "meta": json.dumps({"note": evil})})
    with browser.new_context(http_credentials={"username": "admin", "password": PASSWORD}) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{dashboard.port}{PREFIX}/0/view/job/{job}")
        expect(page.locator("#job-data")).to_contain_text("<script>document.title='owned'</script>")
        assert page.locator("#job-data img, #job-data script, #job-data form").count() == 0
        page.goto(f"http://127.0.0.1:{dashboard.port}{PREFIX}/0/view/jobs/thumbnails/failed/8/asc/1")
        expect(page.locator("tr[data-role=job] .description")).to_contain_text("<img src=x")
        assert page.title() == "RQ dashboard"
        page.locator("#requeue-all-btn").click()
        page.locator("#confirmation-modal-yes").click()
        until(lambda: dashboard.ids("failed") == [], 60)
