"""Every object is valid, has its labels, and takes its settings and secrets from one place."""

from __future__ import annotations

import kubernetes_validate

from tests.deployment import ROOT, defaults, settings_read
from tests.manifests.objects import OURS, Object, container, of, one, pod

CUSTOM = {"ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule"}
KUBERNETES = "1.34"


def test_every_object_is_valid(objects: list[Object]) -> None:
    for document in objects:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_every_object_is_in_the_namespace_and_says_what_it_is(objects: list[Object]) -> None:
    for document in objects:
        labels = document["metadata"].get("labels", {})
        if document["kind"] == "Namespace":
            assert document["metadata"]["name"] == "image-gallery"
            assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
            continue
        assert document["metadata"]["namespace"] == "image-gallery"
        if document["kind"] not in ("ConfigMap", "Secret"):
            assert labels["app.kubernetes.io/name"] == "image-gallery"
        if document["kind"] == "Deployment":
            inside = document["spec"]["template"]["metadata"]["labels"]
            assert inside["app.kubernetes.io/part-of"] == "image-gallery"
            assert inside["app.kubernetes.io/component"] == document["metadata"]["name"]


def test_what_the_manifests_set_are_settings(objects: list[Object]) -> None:
    names = set(one(objects, "ConfigMap", "gallery-settings")["data"])
    for name in OURS:
        names |= {each["name"] for each in container(objects, name)["env"]}
    assert names <= settings_read()


def test_what_the_base_sets_is_the_default_but_for_what_a_cluster_needs(kind: list[Object]) -> None:
    data = one(kind, "ConfigMap", "gallery-settings")["data"]
    usual = defaults()
    assert int(data["GALLERY_JOB_TIMEOUT"]) == usual.job_timeout
    assert int(data["GALLERY_MAX_UPLOAD_MB"]) * 1024 * 1024 == usual.max_upload_bytes
    assert int(data["GALLERY_MAX_MEGAPIXELS"]) == usual.max_megapixels
    assert int(data["GALLERY_WEB_THREADS"]) == usual.web_threads


def test_secrets_come_from_the_secret_alone(objects: list[Object]) -> None:
    secret = one(objects, "Secret", "gallery-secrets")
    for deployment in of(objects, "Deployment"):
        for variable in pod(deployment)["containers"][0].get("env", ()):
            if variable["name"] in secret["data"]:
                assert variable["valueFrom"]["secretKeyRef"]["name"] == secret["metadata"]["name"]
    assert "/k8s/overlays/*/secret.env" in (ROOT / ".gitignore").read_text().splitlines()
