"""Replicas: who sets their number, and where they run."""

from __future__ import annotations

from pathlib import Path

from pipeline.queue.connection import connect
from pipeline.queue.image_queues import QUEUE, VIEWS, ImageQueues
from pipeline.queue.lease import Lease
from tests.deployment import built, defaults
from tests.manifests.objects import Object, one, pod


def test_pods_spread_where_they_can_and_budgets_let_nodes_be_drained(objects: list[Object]) -> None:
    for name in ("web", "worker"):
        (spread,) = pod(one(objects, "Deployment", name))["topologySpreadConstraints"]
        assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
        assert one(objects, "PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1


def test_replicas_are_left_to_who_scales(objects: list[Object]) -> None:
    for name in ("web", "worker"):
        assert "replicas" not in one(objects, "Deployment", name)["spec"]


def test_keda_counts_both_queues_and_always_leaves_one_worker(tmp_path: Path, production: list[Object]) -> None:
    for objects in (built("kind-keda", tmp_path), production):
        scaled = one(objects, "ScaledObject", "worker")["spec"]
        assert scaled["minReplicaCount"] == 1
        counted = [trigger["metadata"]["listName"] for trigger in scaled["triggers"]]
        nobody = connect("redis://127.0.0.1:1", timeout=1)
        queue = ImageQueues(nobody, defaults().job_timeout, Lease(nobody, lambda: "a volume"))
        assert counted == [queue.rq.key, queue.views.rq.key] == [f"rq:queue:{QUEUE}", f"rq:queue:{VIEWS}"]
        secret = one(objects, "Secret", "gallery-secrets")
        (reference,) = one(objects, "TriggerAuthentication", "redis")["spec"]["secretTargetRef"]
        assert reference["name"] == secret["metadata"]["name"]
        assert reference["key"] in secret["data"]


def test_keda_asks_the_redis_outside_about_both_queues(production: list[Object]) -> None:
    places = [dict(trigger["metadata"]) for trigger in one(production, "ScaledObject", "worker")["spec"]["triggers"]]
    assert {place.pop("listName") for place in places} == {f"rq:queue:{QUEUE}", f"rq:queue:{VIEWS}"}
    assert places[0] == places[1]
    assert places[0]["enableTLS"] == "true"
    assert "image-gallery" not in places[0]["address"]
