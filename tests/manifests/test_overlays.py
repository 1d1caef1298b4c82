"""What kind and production each add, and the overlay in the documentation."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.deployment import ROOT, built
from tests.manifests.objects import OURS, Object, container, of, one


def test_kind_asks_for_what_its_storage_has(kind: list[Object]) -> None:
    for claim in of(kind, "PersistentVolumeClaim"):
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        assert "storageClassName" not in claim["spec"]


def test_production_shares_its_volume_between_nodes_and_pins_its_images(production: list[Object]) -> None:
    (claim,) = of(production, "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["storageClassName"]
    for name in OURS:
        assert "@sha256:" in container(production, name)["image"]


def test_production_has_no_redis_of_its_own_and_asks_everybody_for_a_token(production: list[Object]) -> None:
    assert not of(production, "Deployment", "redis")
    assert not of(production, "Service", "redis")
    assert one(production, "ConfigMap", "gallery-settings")["data"]["GALLERY_OPEN"] == "0"
    token = next(each for each in container(production, "web")["env"] if each["name"] == "GALLERY_TOKEN")
    assert token["valueFrom"]["secretKeyRef"]["optional"] is False


def test_the_overlay_of_ones_own_in_the_documentation_can_be_built(tmp_path: Path, production: list[Object]) -> None:
    release = tmp_path / "release"
    built("production", release)
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    (tmp_path / "mine").mkdir()
    text = page.partition("```yaml\n# mine/kustomization.yaml\n")[2].partition("```")[0]
    (tmp_path / "mine" / "kustomization.yaml").write_text(text)
    done = subprocess.run(["kubectl", "kustomize", tmp_path / "mine"], capture_output=True, text=True, check=True)
    mine = [document for document in yaml.safe_load_all(done.stdout) if document]
    assert len(mine) == len(production)
    assert one(mine, "Ingress", "gallery")["spec"]["rules"][0]["host"] == "pictures.example.org"
    assert container(mine, "web")["image"] == container(production, "web")["image"]
    assert one(mine, "ConfigMap", "gallery-settings")["data"]["GALLERY_TRUSTED_PROXIES"] == "10.42.0.0/16"


def test_the_steps_in_the_documentation_wait_for_what_make_kind_up_waits_for(kind: list[Object]) -> None:
    waited = "for name in redis web worker dashboard; do"
    assert {deployment["metadata"]["name"] for deployment in of(kind, "Deployment")} == set(waited[12:-4].split())
    for name in ("README.md", "docs/kubernetes.md", "k8s/deploy.mk"):
        assert waited in (ROOT / name).read_text(), name
