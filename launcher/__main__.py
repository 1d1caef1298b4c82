"""`python -m launcher`: start every process of the Procfile, show their logs, stop them together."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager

from pipeline.errors import BadSetting
from pipeline.settings import Settings

_METRICS_PORT = 9464
_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run until one process ends or Ctrl-C; the exit status."""
    environ = dict(os.environ)
    external = bool(environ.get("REDIS_URL"))
    environ.setdefault("GALLERY_DASHBOARD_PASSWORD", secrets.token_urlsafe(9))
    try:
        settings = Settings.from_environment(environ)
        settings.require_guard()
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 2
    for name, host, port in (
        ("GALLERY_PORT", settings.host, settings.port),
        ("GALLERY_DASHBOARD_PORT", settings.dashboard_host, settings.dashboard_port),
    ):
        if _taken(host, port):
            print(f"Port {port} is taken. Stop what listens there, or set {name} to another.", file=sys.stderr)
            return 1
    settings.data.mkdir(parents=True, exist_ok=True)
    environ["GALLERY_DATA"] = str(settings.data)
    environ.setdefault(
        "GALLERY_DASHBOARD_URL", f"http://{settings.dashboard_host}:{settings.dashboard_port}/rq-dashboard/"
    )
    if not external:
        environ["REDIS_URL"] = f"redis://:{secrets.token_urlsafe(18)}@127.0.0.1:{_free_port()}/0"
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"
    environ["PYTHONUNBUFFERED"] = "1"
    environ.setdefault("GALLERY_METRICS_PORT", str(_METRICS_PORT))
    if sys.stdout.isatty():
        environ.setdefault("GALLERY_LOG_FORMAT", "text")
    manager = Manager()
    for name, command in parse_procfile((_ROOT / "Procfile").read_text()).processes.items():
        if name == "redis" and external:
            continue
        for number in range(1, (settings.workers if name == "worker" else 1) + 1):
            title = f"{name}.{number}" if name == "worker" else name
            manager.add_process(title, command, env=environ, cwd=str(_ROOT))
    print(f"Gallery:   http://{settings.host}:{settings.port}/")
    print(
        f"Dashboard: http://{settings.dashboard_host}:{settings.dashboard_port}/rq-dashboard/ "
        f"(user {settings.dashboard_user}, password {environ['GALLERY_DASHBOARD_PASSWORD']})"
    )
    print(f"Pictures:  {settings.data}", flush=True)
    manager.loop()
    return int(manager.returncode or 0)


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
