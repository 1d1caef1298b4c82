"""Kubernetes for real: `make e2e` brings the kind overlay to the cluster of the current kubectl context, plays every
accident while people use the gallery, counts, and removes it again. The images must be loaded there already."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import cluster, confined
from tests.e2e.cluster import inside, kubectl, pause, pods, reaches, scale, settle
from tests.e2e.journey import URL, Journey, on_cluster
from tests.e2e.load import Load, fetch, picture
from tests.product import until

STRANGERS = "image-gallery-strangers"
CROWD = """
import subprocess, sys
one = [sys.executable, "-I", "-S", "-c", "x = b'x' * 2**23; import time; time.sleep(30)"]
for each in [subprocess.Popen(one) for _ in range(60)]:
    each.wait()
"""
"""Processes smaller than a worker's, so that the kernel, once memory is out, takes the worker first."""


@pytest.fixture(scope="module")
def journey() -> Iterator[Journey]:
    with on_cluster() as journey:
        yield journey


def test_an_upload_through_the_service_becomes_a_thumbnail(journey: Journey) -> None:
    with cluster.forwarded("gallery-service") as address:
        load = Load(address)
        load.burst(3, (1600, 1200))
        journey.count(load)


def test_the_dashboard_answers_only_with_credentials(journey: Journey) -> None:
    secret = next(s for s in cluster.objects("secrets") if s["metadata"]["name"].startswith("gallery-secrets"))
    user, password = (
        base64.b64decode(secret["data"][f"GALLERY_DASHBOARD_{part}"]).decode() for part in ("USER", "PASSWORD")
    )
    with cluster.forwarded("dashboard") as address:
        for headers in ({}, {"Authorization": f"Basic {base64.b64encode(b'admin:wrong').decode()}"}):
            with pytest.raises(urllib.error.HTTPError) as refused:
                fetch(f"{address}/rq-dashboard/", headers=headers)
            refused.value.close()
            assert refused.value.code == 401
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        assert b"RQ" in fetch(f"{address}/rq-dashboard/", headers={"Authorization": f"Basic {login}"})


def test_pods_are_confined(journey: Journey) -> None:
    look = "import os; print(os.getuid(), os.path.exists('/var/run/secrets/kubernetes.io'), 'REDIS_PORT' in os.environ)"
    for component in ("web", "worker", "dashboard"):
        (pod, *_) = pods(component)
        assert inside(pod, look)[1].split() == ["10001", "False", "False"]
        assert "Read-only file system" in inside(pod, "open('/app/x', 'w')")[1]
    (worker, *_) = pods("worker")
    assert json.loads(inside(worker, confined.SCRIPT)[1]) == [confined.EXPECTED]


@pytest.fixture(scope="module")
def stranger(journey: Journey) -> Iterator[str]:
    """A pod in a namespace of its own that listens on port 8000; its address."""
    kubectl("create", "namespace", STRANGERS)
    try:
        serve = ["--image=image-gallery-worker:dev", "--command", "--", "python", "-m", "http.server", "8000"]
        kubectl("run", "stranger", f"--namespace={STRANGERS}", *serve)
        kubectl("wait", "pod/stranger", f"--namespace={STRANGERS}", "--for=condition=Ready", "--timeout=60s")
        pod = json.loads(kubectl("get", "pod/stranger", f"--namespace={STRANGERS}", "--output=json"))
        yield pod["status"]["podIP"]
    finally:
        kubectl("delete", "namespace", STRANGERS, "--wait=false")


def test_strangers_reach_neither_redis_nor_the_dashboard(stranger: str) -> None:
    there = {"namespace": STRANGERS}
    assert until(lambda: reaches("stranger", stranger, 8000, **there), 60)
    assert reaches("stranger", f"gallery-service.{cluster.NAMESPACE}", 80, **there)
    assert not reaches("stranger", f"redis.{cluster.NAMESPACE}", 6379, **there)
    assert not reaches("stranger", f"dashboard.{cluster.NAMESPACE}", 80, **there)
    for component, port in (("redis", 6379), ("dashboard", 9181)):
        (pod,) = cluster.objects("pods", "--selector", f"app.kubernetes.io/component={component}")
        assert not reaches("stranger", pod["status"]["podIP"], port, **there)


def test_web_and_worker_reach_redis_and_dns_and_nothing_else(stranger: str) -> None:
    for component in ("web", "worker"):
        (pod, *_) = pods(component)
        assert reaches(pod, "redis", 6379)  # by name, so DNS too
        assert not reaches(pod, stranger, 8000)
        assert not reaches(pod, "dashboard", 80)
    assert not reaches(pods("worker")[0], "gallery-service", 80)


def test_scaling_while_people_upload_fails_no_request_and_shares_the_work(journey: Journey) -> None:
    with Load(URL) as load:
        pause(3)
        scale(worker=4, web=3)
        load.burst(60, (3000, 2000))
        pause(3)
    journey.count(load)
    records = [json.loads(fetch(f"{URL}/api/images/{image_id}")) for image_id in load.accepted]
    assert len({record["worker"] for record in records}) >= 4


def test_a_rolling_restart_of_everything_fails_no_request(journey: Journey) -> None:
    with Load(URL, people=6) as load:
        pause(2)
        for name in ("web", "worker", "dashboard", "redis", "web"):
            kubectl("rollout", "restart", f"deployment/{name}")
            kubectl("rollout", "status", f"deployment/{name}", "--timeout=240s")
            journey.figures["rollouts"] += 1
        until(lambda: len(cluster.objects("pods")) == 9, 150)  # the old ones have gone, and taken nothing with them
        pause(2)
    journey.count(load)


def test_so_far_nothing_was_warned_of_and_nothing_had_to_be_restarted(journey: Journey) -> None:
    assert cluster.warnings() == []
    assert all(
        each["restartCount"] == 0 for pod in cluster.objects("pods") for each in pod["status"]["containerStatuses"]
    )


def test_deleting_each_pod_in_turn_fails_no_request(journey: Journey) -> None:
    with Load(URL) as load:
        for component in ("redis", "worker", "web", "dashboard"):
            for pod in pods(component):
                pause(1)
                kubectl("delete", "pod", pod)
                journey.figures["pods deleted"] += 1
                settle()
        pause(2)
    journey.count(load)


def test_killing_each_pod_in_turn_loses_nothing(journey: Journey) -> None:
    with Load(URL) as load:
        for component in ("worker", "redis", "web"):
            for pod in pods(component):
                pause(1)
                kubectl("delete", "pod", pod, "--force", "--grace-period=0")
                journey.figures["pods deleted"] += 1
                settle()
        pause(2)
    journey.count(load, killed=True)


def test_a_worker_killed_by_its_memory_limit_costs_no_image(journey: Journey) -> None:
    with Load(URL) as load:
        for pod in pods("worker")[:2]:
            pause(2)
            inside(pod, CROWD)
        load.burst(10, (3000, 2000))
        until(lambda: sum(map(cluster.was_out_of_memory, cluster.objects("pods"))) == 2, 60)
    journey.count(load)
    settle()


def test_a_release_that_does_not_start_takes_nothing_down_and_is_rolled_back(journey: Journey) -> None:
    with Load(URL) as load:
        kubectl("set", "image", "deployment/web", "web=image-gallery-web:not-there")
        pause(15)
        kubectl("rollout", "undo", "deployment/web")
        settle()
        journey.figures["rollouts"] += 2
    journey.count(load)


def test_everything_comes_back_after_all_pods_were_deleted_at_once(journey: Journey) -> None:
    load = Load(URL)
    load.burst(30, (2000, 1500))
    journey.figures["pods deleted"] += len(cluster.objects("pods"))
    kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
    settle()
    until(lambda: fetch(f"{URL}/readyz"), 60)
    load.burst(3, (640, 400))
    journey.count(load, killed=True)


def test_a_backup_brings_back_what_was_deleted(journey: Journey, tmp_path: Path) -> None:
    load = Load(URL)
    load.burst(5, (1600, 1200))
    assert not load.lost(60)
    data, backup = ["exec", "deployment/worker", "--", "tar", "-C", "/data"], tmp_path / "gallery.tar"
    with backup.open("wb") as file:
        command = ["kubectl", "--namespace", cluster.NAMESPACE, *data, "-c", "--exclude=./incoming", "."]
        subprocess.run(command, stdout=file, check=True)
    for image_id in load.accepted:
        fetch(f"{URL}/api/images/{image_id}", "DELETE")
    with backup.open("rb") as file:
        command = ["kubectl", "--namespace", cluster.NAMESPACE, *data, "-x", "--skip-old-files"]
        command.insert(4, "-i")
        subprocess.run(command, stdin=file, check=True)
    kubectl("exec", "deployment/worker", "--", "gallery", "doctor", "--repair")
    journey.count(load)
    kubectl("exec", "deployment/worker", "--", "gallery", "doctor")


def test_keda_takes_the_workers_from_one_to_four_and_back(journey: Journey) -> None:
    if not kubectl("get", "crd", "scaledobjects.keda.sh", "--ignore-not-found", "--output", "name"):
        pytest.skip("KEDA is not installed in this cluster")
    scale(worker=1)
    cluster.apply("kind-keda")
    try:
        load = Load(URL)
        pictures = [picture((3000, 2000)) for _ in range(200)]
        crowd = [threading.Thread(target=load.send, args=(pictures[start::8],)) for start in range(8)]
        for person in crowd:
            person.start()
        until(lambda: cluster.replicas("worker") == 4, 120)
        for person in crowd:
            person.join(240)
        journey.count(load)
        until(lambda: cluster.replicas("worker") == 1, 240)
    finally:
        kubectl("delete", "scaledobject/worker")
        kubectl("delete", "triggerauthentication/redis")
        kubectl("delete", "networkpolicy/keda-to-redis")
    settle()


def test_no_container_came_near_its_memory_limit(journey: Journey) -> None:
    limits = {"web": 768, "redis": 256, "dashboard": 192}
    for name, limit in limits.items():
        assert journey.meter.memory[name] < 0.8 * limit * 2**20, name
