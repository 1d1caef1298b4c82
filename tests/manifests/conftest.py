"""The overlays, each built once."""

from __future__ import annotations

import pytest

from tests.deployment import built
from tests.manifests.objects import Object

OVERLAYS = ("kind", "kind-keda", "production")


@pytest.fixture(scope="package", params=OVERLAYS)
def objects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """Every object of one overlay."""
    return built(request.param, tmp_path_factory.mktemp("k8s"))


@pytest.fixture(scope="package")
def kind(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    return built("kind", tmp_path_factory.mktemp("k8s"))


@pytest.fixture(scope="package")
def production(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    return built("production", tmp_path_factory.mktemp("k8s"))
