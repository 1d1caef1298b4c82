"""What Prometheus reads, from web under two processes and from two workers, adds up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import ROOT, Gallery, free_port, picture, until
from tests.pictures import undecodable

Samples = dict[str, float]


def read(text: str) -> Samples:
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def total(samples: Samples, name: str, **labels: str) -> float:
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    keys = (key for key in samples if re.split("[{]", key)[0] == name and all(part in key for part in wanted))
    return sum(samples[key] for key in keys)


def web(gallery: Gallery) -> Samples:
    return read(gallery.call("GET", "/metrics").body.decode())


def ports(gallery: Gallery) -> set[int]:
    """Where workers listen for Prometheus, by their own word."""
    said = (json.loads(line) for line in (gallery.log or gallery.data).read_text().splitlines() if '"metrics"' in line)
    return {line["port"] for line in said}


def workers(gallery: Gallery) -> Samples:
    found: Samples = defaultdict(float)
    for port in ports(gallery):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            for name, value in read(answer.read().decode()).items():
                found[name] += value
    return found


def test_counts_of_two_web_processes_and_two_workers_add_up(bare: Gallery) -> None:
    bare.environ["GALLERY_METRICS_PORT"] = str(free_port())
    bare.log = bare.data.parent / "log"
    bare.start("redis", "launcher.redis")
    bare.start("web", "web", GALLERY_WEB_PROCESSES="2")
    bare.start("worker.1", "worker")
    bare.start("worker.2", "worker")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    until(lambda: len(ports(bare)) == 2, 60)
    files = [picture("JPEG") for _ in range(12)] + [picture("PNG") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(bare.upload, files))
        again = list(pool.map(bare.upload, files[:4]))
        refused = list(pool.map(bare.upload, [b"no picture"] * 3))
    assert [answer.status for answer in sent + again + refused] == [201] * 18 + [200] * 4 + [415] * 3
    for answer in sent:
        bare.until_ended(answer.json["id"])
    damaged = undecodable()
    bare.until_ended(bare.upload(damaged, "broken.jpg").json["id"])  # alone: both renditions are tried at once
    for _ in range(5):  # whichever process answers, the figures are the same
        seen = web(bare)
        assert total(seen, "gallery_uploads_total", result="accepted", format="jpeg") == 13
        assert total(seen, "gallery_uploads_total", result="accepted", format="png") == 6
        assert total(seen, "gallery_uploads_total", result="duplicate") == 4
        assert total(seen, "gallery_uploads_total", result="not-an-accepted-format", format="none") == 3
        assert total(seen, "gallery_upload_bytes_total") == sum(map(len, files)) + len(damaged)
        assert total(seen, "gallery_http_requests_total", method="POST", route="/api/images", status="201") == 19
        assert total(seen, "gallery_http_request_duration_seconds_count", method="POST") == 26
    until(lambda: total(web(bare), "rq_jobs", queue="thumbnails", status="failed") == 1, 60)
    until(lambda: total(workers(bare), "gallery_failures_total", code="cannot-be-decoded") == 1, 60)
    # a worker counts, and ends its job, a moment after the record is written
    until(lambda: total(web(bare), "rq_jobs", queue="thumbnails", status="finished") == 18, 60)
    until(lambda: total(workers(bare), "gallery_ready_seconds_count") == 18, 60)
    seen = until(lambda: metrics if total(metrics := web(bare), "gallery_queue_up") == 1 else None, 60)
    assert total(seen, "rq_workers", queues="thumbnails") == total(seen, "rq_workers", queues="views") == 2
    assert total(seen, "rq_jobs", queue="thumbnails", status="finished") == 18
    assert total(seen, "rq_jobs", queue="thumbnails", status="failed") == 1
    assert total(seen, "gallery_outbox_images") == 0
    assert total(seen, "gallery_failed_images") == 1
    assert total(seen, "gallery_volume_up") == total(seen, "gallery_queue_up") == 1
    assert total(seen, "gallery_volume_free_bytes") > 0
    made = workers(bare)
    assert total(made, "gallery_ready_seconds_count") == total(made, "gallery_seen_seconds_count") == 18
    for kind, views in (("jpeg", 13), ("png", 6)):
        grids, alone, both = (
            total(made, "gallery_render_seconds_count", format=kind, made=what) for what in ("grid", "view", "both")
        )
        assert alone + both == views  # those that others waited behind were made in two passes
        assert grids == alone
    assert total(made, "gallery_failures_total", code="cannot-be-decoded") == 1
    assert total(made, "gallery_sweeps_total") > 0


def folders() -> set[Path]:
    return set(Path("/dev/shm").glob("gallery-metrics-*"))


def test_a_web_service_that_was_killed_leaves_no_memory_taken_to_the_next(bare: Gallery) -> None:
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    mine = {folder for folder in folders() if folder.name.split("-")[2] == str(bare.processes["web"].pid)}
    assert len(mine) == 1
    bare.stop("web", signal.SIGKILL)
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    assert not mine & folders()
    last = bare.processes["web"].pid
    bare.stop("web")
    assert not [folder for folder in folders() if folder.name.split("-")[2] == str(last)]


def test_the_age_of_the_oldest_is_told_while_redis_is_down(bare: Gallery) -> None:
    bare.start_web()
    image_id = bare.upload(picture()).json["id"]
    os.utime(bare.data / "pending" / image_id, (1, 1))
    seen = web(bare)
    assert total(seen, "gallery_queue_up") == 0
    assert total(seen, "gallery_outbox_images") == 1
    assert total(seen, "gallery_outbox_oldest_seconds") > 1000
    assert not any(name.startswith("rq_") for name in seen)


def test_nothing_a_caller_says_becomes_a_label(bare: Gallery) -> None:
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    for number in range(20):
        bare.call("GET", f"/nowhere/{number}")
        bare.call("GET", f"/api/images/{number}")
        bare.call(f"METHOD{number}", "/")
    names = set(web(bare))
    assert not any(re.search(r"nowhere|METHOD\d|images/\d", name) for name in names)
    assert total(web(bare), "gallery_http_requests_total", route="none", status="404") == 20
    assert bare.call("GET", "/metrics").headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_metrics_need_a_token_where_tokens_are_set_also_in_a_public_gallery(bare: Gallery) -> None:
    secret = "s" * 24
    bare.start("web", "web", GALLERY_TOKEN=f"prometheus:read:{secret}", GALLERY_PUBLIC="1")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    assert bare.call("GET", "/metrics").status == 401
    assert bare.call("GET", "/metrics", headers={"Authorization": f"Bearer {secret}"}).status == 200


def test_logs_follow_an_image_and_a_request_and_tell_no_secret(bare: Gallery) -> None:
    secret = "s" * 24
    bare.environ["GALLERY_TOKEN"] = secret
    bare.start("redis", "launcher.redis")
    processes = {
        module: subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=bare.environ, stderr=subprocess.PIPE)
        for module in ("web", "worker")
    }
    try:
        until(lambda: bare.call("GET", "/readyz").status == 200, 60)
        headers = {"Authorization": f"Bearer {secret}"}
        sent = bare.call("POST", "/api/images", picture(), headers)
        path = sent.headers["Location"]
        until(lambda: bare.call("GET", path, headers=headers).json["state"] == "ready", 60)
        assert bare.call("GET", path, headers={"Authorization": "Bearer wrong"}).status == 401
    finally:
        said = {}
        for module, process in processes.items():
            process.send_signal(signal.SIGTERM)
            said[module] = process.communicate(timeout=60)[1].decode()
    lines = {module: [json.loads(line) for line in text.splitlines()] for module, text in said.items()}
    request = sent.headers["X-Request-Id"]
    events = {line["event"]: line for line in lines["web"] if line.get("request") == request}
    assert events["accepted"]["image"] == sent.json["id"]
    assert (events["request"]["status"], events["request"]["caller"]) == (201, "admin")
    assert [line["event"] for line in lines["worker"] if line.get("image") == sent.json["id"]] == ["ready"]
    redis_password = bare.environ["REDIS_URL"].split("@")[0].rsplit(":", 1)[1]
    for word in (secret, redis_password, "Bearer"):
        assert word not in said["web"] + said["worker"]


def test_a_record_tells_its_timeline(gallery: Gallery) -> None:
    record = gallery.until_ended(gallery.upload(picture()).json["id"])
    times = [record[name] for name in ("received_at", "queued_at", "started_at", "finished_at")]
    assert times == sorted(times)
    assert record["attempts"] == 1
    assert record["worker"]
