"""Real processes for the tests: valkey, gunicorn and workers on free ports, and a volume of their own."""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


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
    """The running product; `kill` and `start` play the accidents."""

    data: Path
    port: int
    redis_port: int
    environ: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, module: str, **environ: str) -> None:
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env={**self.environ, **environ}, start_new_session=True
        )

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        if how is signal.SIGKILL:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        return process.wait(60)

    def stop_all(self) -> None:
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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


def until(check: Callable[[], Any], seconds: float) -> Any:
    """Wait, generously, until `check` returns something true."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except OSError:
            pass
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Whether something listens; raises `OSError` where nothing does."""
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Gallery]:
    """A volume and settings; nothing runs yet."""
    redis_port, port = free_port(), free_port()
    data = tmp_path / "data"
    data.mkdir()
    environ = {
        **os.environ,
        "GALLERY_DATA": str(data),
        "GALLERY_PORT": str(port),
        "REDIS_URL": f"redis://:{secrets.token_hex(8)}@127.0.0.1:{redis_port}/0",
        "GALLERY_SWEEP_SECONDS": "2",
        "GALLERY_WEB_THREADS": "40",
        "GALLERY_MAX_UPLOAD_MB": "250",
        "GALLERY_JOB_TIMEOUT": "20",
    }
    gallery = Gallery(data, port, redis_port, environ)
    yield gallery
    gallery.stop_all()


@pytest.fixture
def gallery(bare: Gallery) -> Gallery:
    """Everything runs: one Redis-compatible server, one web process, two workers."""
    bare.start("redis", "launcher.redis")
    until(lambda: answers(bare.redis_port), 30)
    bare.start("web", "web")
    bare.start("worker.1", "worker")
    bare.start("worker.2", "worker")
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
    return bare


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 400), color: str = "", **options: Any) -> bytes:
    """A small generated picture, different each time."""
    out = io.BytesIO()
    mode = "RGBA" if kind in ("PNG", "WEBP") else "RGB"
    Image.new(mode, size, color or f"#{secrets.token_hex(3)}").save(out, kind, **options)
    return out.getvalue()
