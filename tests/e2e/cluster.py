"""The gallery on the cluster of the current kubectl context."""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.product import ROOT, answers, free_port, until

NAMESPACE = "image-gallery"
DEPLOYMENTS = ("redis", "web", "worker", "dashboard")


def kubectl(*arguments: str, given: str | None = None, check: bool = True, seconds: float = 300) -> str:
    """Run kubectl in the gallery's namespace and return what it printed."""
    command = ["kubectl", "--namespace", NAMESPACE, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0 or not check, f"{shlex.join(command)}: {done.stderr}"
    return done.stdout


def server() -> str:
    """The host of the API server."""
    address = kubectl("config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}")
    return urlsplit(address).hostname or ""


def is_local(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def objects(kind: str, *arguments: str) -> list[dict[str, Any]]:
    """All objects of a kind in the namespace."""
    items: list[dict[str, Any]] = json.loads(kubectl("get", kind, "--output", "json", *arguments))["items"]
    return items


def pods(component: str) -> list[str]:
    """The names of a component's pods that are not on their way out."""
    found = objects("pods", "--selector", f"app.kubernetes.io/component={component}")
    return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]


def apply(overlay: str) -> None:
    """Apply an overlay and wait until it stands."""
    kubectl("apply", "--kustomize", str(ROOT / "k8s/overlays" / overlay))
    settle()


def settle() -> None:
    """Wait until every Deployment is rolled out."""
    for name in DEPLOYMENTS:
        kubectl("rollout", "status", f"deployment/{name}", "--timeout=240s")


def scale(**replicas: int) -> None:
    """Set the number of pods of Deployments, and wait."""
    for name, number in replicas.items():
        kubectl("scale", f"deployment/{name}", f"--replicas={number}")
    settle()


def replicas(deployment: str) -> int:
    """How many pods a Deployment is to have."""
    found: int = json.loads(kubectl("get", f"deployment/{deployment}", "--output", "json"))["spec"]["replicas"]
    return found


def was_out_of_memory(pod: dict[str, Any]) -> bool:
    """Whether a container of the pod was killed by its memory limit."""
    states = [status["lastState"] for status in pod["status"].get("containerStatuses", ())]
    return any(state.get("terminated", {}).get("reason") == "OOMKilled" for state in states)


def inside(pod: str, script: str, *, namespace: str = NAMESPACE) -> tuple[int, str]:
    """Run Python in a pod: its exit status and what it printed."""
    command = ["kubectl", "--namespace", namespace, "exec", pod, "--", "python", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def reaches(pod: str, host: str, port: int, *, namespace: str = NAMESPACE) -> bool:
    """Whether a pod gets a connection."""
    script = f"import socket; socket.create_connection(({host!r}, {port}), 4)"
    status, text = inside(pod, script, namespace=namespace)
    assert status == 0 or "refused" in text or "timed out" in text or "unreachable" in text, text
    return status == 0


@contextmanager
def forwarded(service: str) -> Iterator[str]:
    """The address of a service, through `kubectl port-forward`."""
    port = free_port()
    command = ["kubectl", "--namespace", NAMESPACE, "port-forward", f"svc/{service}", f"{port}:80"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: answers(port), 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def warnings() -> list[str]:
    """The warnings about what is there now, less what any cluster says while a namespace is new: two pods that are
    first to use one volume, and a configuration that a node has not heard of yet. Pods on their way out may stop
    answering their probes, and a start may be slower than usual: that is what startup probes are for."""
    there = {each["metadata"]["name"] for kind in ("pods", "deployments", "pvc") for each in objects(kind)}
    events = objects("events", "--field-selector", "type=Warning")
    lines = [
        f"{event['involvedObject']['name']}: {event['reason']}: {event['message']}"
        for event in events
        if event["involvedObject"]["name"] in there
    ]
    usual = ("the object has been modified", "failed to sync configmap cache", "Startup probe failed")
    return [line for line in lines if not any(text in line for text in usual)]


class Meter(threading.Thread):
    """Asks the kubelet every few seconds what the containers use, and keeps the most of each: bytes of the working
    set, and cores."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.memory: dict[str, int] = {}
        self.cores: dict[str, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Until `stop` is called."""
        while not self._ended.wait(3):
            for node in json.loads(kubectl("get", "nodes", "--output", "json"))["items"]:
                name = node["metadata"]["name"]
                text = kubectl("get", "--raw", f"/api/v1/nodes/{name}/proxy/stats/summary", check=False)
                if text:
                    self._read(json.loads(text))

    def _read(self, summary: Any) -> None:
        for pod in summary["pods"]:
            if pod["podRef"]["namespace"] == NAMESPACE:
                for container in pod.get("containers", ()):
                    name = container["name"]
                    used = container.get("memory", {}).get("workingSetBytes", 0)
                    busy = container.get("cpu", {}).get("usageNanoCores", 0) / 1e9
                    self.memory[name] = max(used, self.memory.get(name, 0))
                    if busy < 1024:  # the kubelet's count wraps round where a container started anew
                        self.cores[name] = max(busy, self.cores.get(name, 0.0))

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()


def create() -> None:
    """Bring the gallery to the cluster; refuses where that could touch what is not ours."""
    host = server()
    assert is_local(host) or os.environ.get("GALLERY_E2E_ANY_CLUSTER") == "1", (
        f"the API server is at {host}, not on this machine; GALLERY_E2E_ANY_CLUSTER=1 tests there all the same"
    )
    there = kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "--output", "name")
    assert not there or os.environ.get("GALLERY_E2E_REUSE") == "1", (
        f"namespace {NAMESPACE} is there already; GALLERY_E2E_REUSE=1 tests in it, deleting pods, not pictures"
    )
    apply("kind")


def remove() -> None:
    """Take the gallery away again, pictures and all, unless it was there before or is to stay."""
    if not {"GALLERY_E2E_REUSE", "GALLERY_E2E_KEEP"} & set(os.environ):
        kubectl("delete", "namespace", NAMESPACE, "--timeout=280s")


def pause(seconds: float) -> None:
    """Let people use the gallery for a while."""
    time.sleep(seconds)
