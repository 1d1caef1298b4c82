"""Pods: confined, bounded in memory, probed, and given time to stop."""

from __future__ import annotations

from pipeline.queue.image_queues import RQ_MARGIN_SECONDS
from tests.deployment import ROOT, compose, seconds
from tests.manifests.objects import Object, container, of, one, pod


def test_every_pod_is_confined(objects: list[Object]) -> None:
    for deployment in of(objects, "Deployment"):
        spec = pod(deployment)
        assert spec["enableServiceLinks"] is False
        assert spec["automountServiceAccountToken"] is False
        assert spec["serviceAccountName"] == deployment["metadata"]["name"]
        whole = spec["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsUser"] > 0
        assert whole["runAsGroup"] > 0
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in spec["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
    for account in of(objects, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_web_and_worker_share_the_user_and_the_volume(objects: list[Object]) -> None:
    specs = [pod(one(objects, "Deployment", name)) for name in ("web", "worker")]
    assert specs[0]["securityContext"] == specs[1]["securityContext"]
    user = specs[0]["securityContext"]
    assert user["runAsUser"] == user["runAsGroup"] == user["fsGroup"]
    for name in ("web", "worker"):
        assert f"USER {user['runAsUser']}:{user['runAsGroup']}" in (ROOT / f"Dockerfile.{name}").read_text()
        assert {"name": "images", "mountPath": "/data"} in container(objects, name)["volumeMounts"]


def test_every_container_asks_for_room_and_is_bounded_in_memory(objects: list[Object]) -> None:
    for deployment in of(objects, "Deployment"):
        for each in pod(deployment)["containers"]:
            assert set(each["resources"]["requests"]) == {"cpu", "memory"}
            assert set(each["resources"]["limits"]) == {"memory"}, "a processor's limit only throttles"


def test_compose_and_the_manifests_bound_memory_alike(kind: list[Object]) -> None:
    for name, service in compose().items():
        assert container(kind, name)["resources"]["limits"]["memory"] == service["mem_limit"].replace("m", "Mi")


def test_compose_and_the_manifests_start_redis_alike(kind: list[Object]) -> None:
    theirs = [part.replace("$$", "$") for part in compose()["redis"]["command"]]
    assert container(kind, "redis")["command"] == theirs
    config = (ROOT / "k8s/base/redis.conf").read_text().splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(config)
    limit = int(container(kind, "redis")["resources"]["limits"]["memory"].removesuffix("Mi"))
    (most,) = [int(line.split()[1].removesuffix("mb")) for line in config if line.startswith("maxmemory ")]
    assert most <= 0.7 * limit


def test_two_redis_servers_never_share_a_volume(kind: list[Object]) -> None:
    deployment = one(kind, "Deployment", "redis")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "redis"}} in pod(deployment)["volumes"]


def test_probes_mean_something(objects: list[Object]) -> None:
    web = container(objects, "web")
    assert web["startupProbe"]["httpGet"]["path"] == web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    worker = container(objects, "worker")
    assert "$GALLERY_HEARTBEAT_FILE" in worker["livenessProbe"]["exec"]["command"][-1]
    assert "redis" not in str(worker["livenessProbe"])
    for deployment in of(objects, "Deployment", "redis"):
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert "grep -qx PONG" in pod(deployment)["containers"][0][name]["exec"]["command"][-1]
    for deployment in of(objects, "Deployment"):
        for each in pod(deployment)["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(each)


def test_pods_are_given_the_time_they_need_to_stop(objects: list[Object]) -> None:
    web = one(objects, "Deployment", "web")
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    pause = container(objects, "web")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod(web)["terminationGracePeriodSeconds"] >= pause + 30 + 5
    settings = one(objects, "ConfigMap", "gallery-settings")["data"]
    grace = pod(one(objects, "Deployment", "worker"))["terminationGracePeriodSeconds"]
    assert grace > int(settings["GALLERY_JOB_TIMEOUT"]) + RQ_MARGIN_SECONDS
    assert grace == seconds(compose()["worker"]["stop_grace_period"])
