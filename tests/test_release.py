"""The steps of a release, on a copy of the files that they change."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.product import ROOT

CHANGED = ("CHANGELOG.md", "pipeline/version.py", "k8s/overlays/production/kustomization.yaml")
WEB = "forge.example/owner/image-gallery-web@sha256:" + "a" * 64
WORKER = "forge.example/owner/image-gallery-worker@sha256:" + "b" * 64
REDIS = "redis:8-alpine@sha256:" + "c" * 64


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in CHANGED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "release", tmp_path / "release", ignore=shutil.ignore_patterns("__pycache__"))
    changelog = (tmp_path / "CHANGELOG.md").read_text()
    if "## Unreleased" not in changelog:
        (tmp_path / "CHANGELOG.md").write_text(changelog.replace("\n## ", "\n## Unreleased\n\n- A line.\n\n## ", 1))
    return tmp_path


def release(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "release", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=60, check=False)


def test_a_release_is_cut_checked_and_told_from_the_changelog(tree: Path) -> None:
    unreleased = (tree / "CHANGELOG.md").read_text().split("\n## ")[1].partition("\n")[2].strip()
    assert release(tree, "version", "7.8.9").returncode == 0
    assert release(tree, "check", "v7.8.9").stdout == "7.8.9\n"
    assert release(tree, "notes", "7.8.9").stdout.strip() == unreleased
    assert re.search(r"^## 7\.8\.9 \(\d{4}-\d\d-\d\d\)$", (tree / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert release(tree, "version", "7.9.0.dev0").returncode == 0
    headings = re.findall(r"^## (\S+)", (tree / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", "7.8.9"]


def test_a_tag_of_another_version_or_of_one_in_development_is_refused(tree: Path) -> None:
    release(tree, "version", "7.8.9")
    wrong = release(tree, "check", "v7.8.8")
    assert (wrong.returncode, wrong.stderr) == (1, "the tag is v7.8.8, and the version is 7.8.9: tag v7.8.9\n")
    release(tree, "version", "7.9.0.dev0")
    assert release(tree, "check", "v7.9.0.dev0").returncode == 1
    assert release(tree, "notes", "1.0.0").returncode == 1
    assert release(tree, "version", "next").returncode == 1


def test_the_digests_of_a_release_are_those_of_the_overlay_and_of_compose(tree: Path) -> None:
    for _ in range(2):
        assert release(tree, "pin", WEB, WORKER, REDIS).returncode == 0
    images = yaml.safe_load((tree / CHANGED[2]).read_text())["images"]
    assert [f"{image['newName']}@{image['digest']}" for image in images] == [WEB, WORKER]
    lines = (tree / "images.env").read_text().splitlines()[1:]
    assert lines == [f"WEB_IMAGE={WEB}", f"WORKER_IMAGE={WORKER}", f"REDIS_IMAGE={REDIS}"]


def test_an_image_without_a_digest_changes_nothing(tree: Path) -> None:
    before = (tree / CHANGED[2]).read_text()
    assert release(tree, "pin", WEB, "forge.example/owner/image-gallery-worker:7.8.9", REDIS).returncode == 1
    assert (tree / CHANGED[2]).read_text() == before
    assert not (tree / "images.env").exists()


def test_the_bundle_has_all_that_a_deployment_reads_and_no_secret(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in ("docker-compose.yml", "README.md", "LICENSE", "SECURITY.md"):
        shutil.copy(ROOT / name, tree / name)
    for name in ("k8s", "monitoring", "docs"):
        shutil.copytree(ROOT / name, tree / name, dirs_exist_ok=True)
    (tree / "k8s/overlays/production/secret.env").write_text("GALLERY_TOKEN=secret\n")
    assert release(tree, "pin", WEB, WORKER, REDIS).returncode == 0
    subprocess.run([tree / "release/bundle", "7.8.9"], check=True, timeout=60)
    place = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(tree / "image-gallery-7.8.9.tar.gz", place, filter="data")
    bundle = place / "image-gallery-7.8.9"
    assert not list(bundle.rglob("secret.env"))
    assert (bundle / "images.env").read_text() == (tree / "images.env").read_text()
    assert (bundle / CHANGED[2]).read_text() == (tree / CHANGED[2]).read_text()
    services = yaml.safe_load((bundle / "docker-compose.yml").read_text())["services"]
    mounted = [volume for service in services.values() for volume in service.get("volumes", ()) if volume[0] == "."]
    assert mounted
    assert all((bundle / volume.split(":")[0]).is_file() for volume in mounted)


def test_an_option_is_no_version_to_bundle(tree: Path) -> None:
    for arguments in (["--help"], []):
        done = subprocess.run(
            [tree / "release/bundle", *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (2, "usage: release/bundle VERSION\n")
    assert not list(tree.glob("*.tar.gz"))


@pytest.mark.parametrize(
    ("chosen", "images"),
    [
        ({}, ["image-gallery-web:dev", "image-gallery-worker:dev", "redis:8-alpine"]),
        ({"WEB_IMAGE": WEB, "WORKER_IMAGE": WORKER, "REDIS_IMAGE": REDIS, "TAG": "old"}, [WEB, WORKER, REDIS]),
        (
            {"IMAGE_REPOSITORY": "forge.example/owner", "TAG": "7.8.9"},
            [f"forge.example/owner/image-gallery-{part}:7.8.9" for part in ("web", "worker")] + ["redis:8-alpine"],
        ),
    ],
    ids=["built", "by-digest", "by-tag"],
)
def test_compose_runs_what_was_built_or_what_was_published(chosen: dict[str, str], images: list[str]) -> None:
    program = shutil.which("docker-compose")
    compose = [program] if program else ["docker", "compose"]
    if not program and subprocess.run([*compose, "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("Compose is not installed")
    secrets = {"REDIS_URL": "redis://redis", "REDIS_PASSWORD": "one", "GALLERY_DASHBOARD_PASSWORD": "two"}
    environ = {"PATH": os.environ["PATH"], **secrets, **chosen}
    command = [*compose, "--env-file", os.devnull, "config", "--images"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert sorted(set(done.stdout.split())) == sorted(images)
    assert "variable is not set" not in done.stderr


def test_the_web_image_makes_the_secrets_that_compose_needs() -> None:
    command = [sys.executable, "-m", "launcher.secrets", "-"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    names = {line.partition("=")[0] for line in made.splitlines()}
    assert set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text())) <= names
    shipped = (ROOT / "Dockerfile.web").read_text()
    assert "COPY launcher/__init__.py launcher/secrets.py /app/launcher/\n" in shipped
