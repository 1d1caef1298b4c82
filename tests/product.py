"""The running product, for tests and benches: Redis, web and workers on free ports, on a volume of their own."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

ROOT = Path(__file__).resolve().parent.parent
_PORT_BLOCKS = range(12_000, 32_000, 100)
_TAKING_PORT = threading.Lock()


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gallery:
    """The running product; `start` and `stop` play the accidents.

    With `own_sessions`, each process gets a session of its own, as an init system gives it; else a process group.
    `root` and `python` are another checkout's where another release is to run.
    """

    data: Path
    port: int
    redis_port: int
    environ: dict[str, str]
    log: Path | None = None
    host: str = ""
    wrapper: tuple[str, ...] = ()
    own_sessions: bool = True
    python: str = sys.executable
    root: Path = ROOT
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, module: str, *arguments: str, **environ: str) -> None:
        """Start `python -m module` as `name`, its output into `log` if that is set, behind `wrapper`'s command."""
        with self.log.open("ab") if self.log else nullcontext() as out:
            self.processes[name] = subprocess.Popen(
                [*self.wrapper, self.python, "-m", module, *arguments],
                cwd=self.root,
                env={**self.environ, **environ},
                start_new_session=self.own_sessions,
                process_group=None if self.own_sessions else 0,
                stdout=out,
                stderr=out,
            )

    def start_redis(self) -> None:
        """Start the Redis-compatible server, and wait until it listens."""
        self.start("redis", "launcher.redis")
        until(lambda: answers(self.redis_port), 60)

    def start_web(self, **environ: str) -> None:
        """Start web, and wait until it takes uploads."""
        self.start("web", "web", **environ)
        self.until_ready()

    def until_ready(self) -> None:
        """Wait until web takes uploads."""
        until(lambda: self.call("GET", "/readyz").status == 200, 60)

    def until_workers(self, count: int) -> None:
        """Wait until so many workers have registered with a fresh Redis."""

        def registered() -> bool:
            with suppress(RedisError):
                return bool(redis.scard("rq:workers") >= count)
            return False

        with Redis.from_url(self.environ["REDIS_URL"], socket_timeout=5) as redis:
            until(registered, 60)

    def start_all(self) -> None:
        """Start Redis unless it runs, web and two workers; wait until uploads are taken and both workers registered."""
        if "redis" not in self.processes:
            self.start("redis", "launcher.redis")
        until(lambda: answers(self.redis_port), 60)
        self.start("web", "web")
        self.start("worker.1", "worker")
        self.start("worker.2", "worker")
        self.until_ready()
        self.until_workers(2)

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        if how is signal.SIGKILL:
            with suppress(ProcessLookupError):  # it ended by itself; what else runs is still to be stopped
                os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        return process.wait(60)

    def stop_all(self) -> None:
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)

    @property
    def url(self) -> str:
        return f"http://{self.host or f'127.0.0.1:{self.port}'}"

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def upload(self, data: bytes, name: str = "a.png") -> Answer:
        edge = secrets.token_hex(12)
        safe = name.replace("\\", "\\\\").replace('"', '\\"')
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        return self.call("POST", "/api/images", body, {"Content-Type": f"multipart/form-data; boundary={edge}"})

    def until_ended(self, image_id: str, seconds: float = 60) -> Any:
        def ended() -> Any:
            record = self.call("GET", f"/api/images/{image_id}").json
            return record if record["state"] != "pending" else None

        return until(ended, seconds)

    def queue(self, name: str = "queue") -> Any:
        """What `/api/status` says of the jobs of `queue` or `views`, once Redis has answered in time."""
        return until(lambda: self.call("GET", "/api/status").json[name], 60)

    def until_listed(self, *ids: str, seconds: float = 60) -> None:
        """Wait until the listing shows these images as they are: what no event told, the index finds a moment later."""

        def is_listed() -> bool:
            listed = {image["id"]: image for image in self.call("GET", "/api/images?limit=500").json["images"]}
            return all(listed.get(image_id) == self.call("GET", f"/api/images/{image_id}").json for image_id in ids)

        until(is_listed, seconds)


def until(check: Callable[[], Any], seconds: float, pause: float = 0.1) -> Any:
    """Wait, generously, until `check` returns something true."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except OSError:
            pass
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)


def answers(port: int) -> bool:
    """Whether something listens; raises `OSError` where nothing does."""
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A file system in memory, mounted on `folder` where that is permitted; whether it was."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounts = subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield mounts
    finally:
        if mounts:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def free_port() -> int:
    """A free port that no other test process hands out.

    It is below those that the system uses for outgoing connections.
    """
    with _TAKING_PORT:
        for port in _PORTS:
            with socket.socket() as probe, suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise OSError("no port is free")


def _ports() -> Iterator[int]:
    """The ports of this test process: it locks each block of ports that it uses, until it ends.

    Two processes that asked the system could be told the same port before either listens.
    """
    for block in secrets.SystemRandom().sample(_PORT_BLOCKS, len(_PORT_BLOCKS)):
        path = Path(tempfile.gettempdir()) / f"gallery-test-ports-{os.getuid()}-{block}"
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        yield from range(block, block + _PORT_BLOCKS.step)


_PORTS = _ports()


@contextmanager
def prepared(data: Path, **environ: str) -> Iterator[Gallery]:
    """Settings for a gallery on the volume `data`; nothing runs yet, and everything that was started is ended."""
    redis_port, port = free_port(), free_port()
    settings = {
        "GALLERY_DATA": str(data),
        "GALLERY_CACHE": str(data.with_name(f"{data.name}-cache")),
        "GALLERY_PORT": str(port),
        "REDIS_URL": f"redis://:{secrets.token_hex(8)}@127.0.0.1:{redis_port}/0",
        "GALLERY_SWEEP_SECONDS": "2",
        "GALLERY_WEB_THREADS": "40",
        "GALLERY_CLIENT_CONNECTIONS": "40",  # everybody comes from one address
        "GALLERY_MAX_UPLOAD_MB": "250",
        "GALLERY_JOB_TIMEOUT": "20",
    }
    gallery = Gallery(data, port, redis_port, {**os.environ, **settings, **environ})
    try:
        yield gallery
    finally:
        gallery.stop_all()


@contextmanager
def web_alone(data: Path, **environ: str) -> Iterator[Gallery]:
    """Web without Redis and workers, for what needs neither."""
    data.mkdir(parents=True, exist_ok=True)
    with prepared(data) as gallery:
        gallery.start_web(**environ)
        yield gallery


def renderers(gallery: Gallery, worker: str) -> list[int]:
    """The processes in which a worker decodes."""
    group, found = gallery.processes[worker].pid, []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            pid = int(command.parent.name)
            if os.getpgid(pid) == group and b"worker.render_process.child" in command.read_bytes():
                found.append(pid)
    return found
