"""`python -m launcher`: run every service of the Procfile, show their logs, end them together."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from honcho.colour import get_colours
from honcho.environ import parse_procfile

from launcher import lock, queue_files
from launcher.output import Output
from launcher.sources import Sources
from launcher.supervisor import Service, Supervisor
from pipeline import addresses
from pipeline.errors import BadSetting
from pipeline.settings import Settings
from pipeline.volume.files import keep_from_others

_METRICS_PORT = 9464
_ROOT = Path(__file__).resolve().parent.parent
_PASSWORD = "GALLERY_DASHBOARD_PASSWORD"  # noqa: S105 - the setting's name


def main() -> int:
    """Run until a signal, or until the output's reader is gone, and end the process; returns the exit status if the
    services cannot be started."""
    parser = argparse.ArgumentParser(prog="python -m launcher", description="Run the whole gallery on this machine.")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when the process that started it ends")
    parser.add_argument("--reload", action="store_true", help="restart web and workers when their sources change")
    asked = parser.parse_args()
    is_over = _parent_watch() if asked.stop_with_parent else lambda: False
    environ = dict(os.environ)
    is_embedded = not environ.get("REDIS_URL")
    try:
        settings = Settings.from_environment({_PASSWORD: "x", **environ})
        held = _prepare(settings, is_embedded=is_embedded)
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 2
    except (addresses.PortTaken, lock.DataInUse) as error:
        print(error, file=sys.stderr)
        return 1
    made_up = "" if environ.get(_PASSWORD, "").strip() else secrets.token_urlsafe(9)
    _fill(environ, settings, made_up, is_embedded=is_embedded)
    services = _services(settings, is_embedded=is_embedded)
    if sys.stdout is None:  # closed by our parent
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as we run
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    output = Output(sys.stdout, max(len(service.name) for service in services))
    for line in _welcome(settings, made_up):
        output.note(line)
    is_outdated = Sources(_ROOT, output.note).have_changed if asked.reload else lambda: False
    supervisor = Supervisor(
        services,
        output,
        environ=environ,
        folder=_ROOT,
        inherited=held,
        is_over=is_over,
        is_outdated=is_outdated,
    )
    status = supervisor.run()
    output.close(2)
    # A normal exit flushes the output, and aborts if a thread is still stuck writing to it because nobody reads it.
    os._exit(status)


def _parent_watch() -> Callable[[], bool]:
    parent = os.getppid()
    return lambda: os.getppid() != parent


def _prepare(settings: Settings, *, is_embedded: bool) -> int | None:
    """Make and lock the data folder, and check that every port is free; raises with a message for the user."""
    listeners = (
        ("GALLERY", settings.host, settings.port),
        ("GALLERY_DASHBOARD", settings.dashboard_host, settings.dashboard_port),
    )
    for setting, host in (*(entry[:2] for entry in listeners), ("GALLERY_METRICS", settings.metrics_host)):
        addresses.resolve(host, setting)
    settings.require_guard()
    if settings.port == settings.dashboard_port:
        raise BadSetting(f"GALLERY_PORT and GALLERY_DASHBOARD_PORT are both {settings.port}. Set one to another.")
    keep_from_others()
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        held = lock.take(queue_files.prepare(settings.data), settings.data) if is_embedded else None
    except OSError as error:
        raise BadSetting(f"GALLERY_DATA is {settings.data}, which cannot be used: {error.strerror}.") from error
    for setting, host, port in listeners:
        addresses.check(host, port, setting)
    return held


def _fill(environ: dict[str, str], settings: Settings, made_up: str, *, is_embedded: bool) -> None:
    """Add what the services need to the environment that the user gave."""
    environ["GALLERY_DATA"], environ["GALLERY_CACHE"] = str(settings.data), str(settings.cache)
    environ.setdefault("GALLERY_DASHBOARD_URL", f"{_dashboard(settings)}/rq-dashboard/")
    if made_up:
        environ[_PASSWORD] = made_up
    if is_embedded:
        environ["REDIS_URL"] = f"redis://:{secrets.token_urlsafe(18)}@127.0.0.1:{_free_port()}/0"
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"
    environ["PYTHONUNBUFFERED"] = "1"
    environ.setdefault("GALLERY_METRICS_PORT", str(_METRICS_PORT))
    if sys.stdout is not None and sys.stdout.isatty():
        environ.setdefault("GALLERY_LOG_FORMAT", "text")


def _services(settings: Settings, *, is_embedded: bool) -> list[Service]:
    colours, services = get_colours(), []
    for name, command in parse_procfile((_ROOT / "Procfile").read_text()).processes.items():
        if name == "redis" and not is_embedded:
            continue
        for number in range(1, (settings.workers if name == "worker" else 1) + 1):
            title = f"{name}.{number}" if name == "worker" else name
            services.append(Service(title, command, next(colours), stop_last=name == "redis"))
    return services


def _welcome(settings: Settings, made_up: str) -> list[str]:
    password = f"password {made_up}" if made_up else f"the password in {_PASSWORD}"
    return [
        f"Gallery:   http://{addresses.netloc(addresses.reachable(settings.host), settings.port)}/",
        f"Dashboard: {_dashboard(settings)}/rq-dashboard/ (user {settings.dashboard_user}, {password})",
        f"Pictures:  {settings.data}",
    ]


def _dashboard(settings: Settings) -> str:
    return f"http://{addresses.netloc(addresses.reachable(settings.dashboard_host), settings.dashboard_port)}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
