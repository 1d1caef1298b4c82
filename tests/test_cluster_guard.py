"""The end-to-end test touches no cluster that is not on this machine, unless told to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e import cluster

CONFIG = """
apiVersion: v1
kind: Config
current-context: there
clusters: [{{name: there, cluster: {{server: "{server}"}}}}]
contexts: [{{name: there, context: {{cluster: there, user: me}}}}]
users: [{{name: me, user: {{}}}}]
"""


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_a_cluster_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(CONFIG.format(server="https://production.example.com:6443"))
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.delenv("GALLERY_E2E_ANY_CLUSTER", raising=False)
    with pytest.raises(AssertionError, match=r"production\.example\.com, not on this machine"):
        cluster.create()


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("localhost.example.com", False)],
)
def test_only_loopback_is_this_machine(host: str, local: bool) -> None:
    assert cluster.is_local(host) is local
