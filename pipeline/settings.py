"""The settings of every process, read once from the environment at the edge and passed inward."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import BadSetting
from pipeline.images.recipe import EFFORT
from pipeline.images.view_format import ViewFormat
from pipeline.tokens import LEAST_ROLES, Role, Token, parse_tokens


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen value per setting, described in the README, and the name of this process in logs and records."""

    data: Path
    cache: Path
    redis_url: str = field(repr=False)
    host: str
    port: int
    dashboard_host: str
    dashboard_port: int
    dashboard_user: str
    dashboard_password: str = field(repr=False)
    max_upload_bytes: int
    max_form_files: int
    max_megapixels: int
    webp_effort: int
    view_format: ViewFormat
    job_timeout: int
    require_sandbox: bool
    sweep_seconds: int
    reserve_bytes: int
    trash_days: int
    workers: int
    web_processes: int
    web_threads: int
    max_listeners: int
    max_zip_bytes: int
    heartbeat_file: Path | None
    worker_name: str | None
    tokens: tuple[Token, ...]
    public: bool
    originals: Role
    open: bool
    hosts: tuple[str, ...]
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    dashboard_url: str
    client_connections: int
    client_listeners: int
    requests_per_minute: int
    uploads_per_minute: int
    slow_seconds: int
    metrics_host: str
    metrics_port: int
    log_format: str
    otlp_endpoint: str

    @property
    def trash_seconds(self) -> int:
        """How long deleted images stay in the trash."""
        return self.trash_days * 24 * 60 * 60

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read every setting; raises `BadSetting`, which names the variable, if one cannot be used."""
        read = _Reader(environ)
        heartbeat = read.text("GALLERY_HEARTBEAT_FILE", "")
        public = read.flag("GALLERY_PUBLIC")
        originals = read.choice("GALLERY_ORIGINALS", "upload" if public else "read", tuple(LEAST_ROLES))
        threads = read.whole("GALLERY_WEB_THREADS", 1200, least=2, most=4096)
        data = Path(read.text("GALLERY_DATA", "data")).absolute()
        return cls(
            data=data,
            cache=read.cache("GALLERY_CACHE", data),
            redis_url=read.text("REDIS_URL", "redis://127.0.0.1:6379/0"),
            host=read.host("GALLERY_HOST", "127.0.0.1"),
            port=read.whole("GALLERY_PORT", 5000, least=1, most=65535),
            dashboard_host=read.host("GALLERY_DASHBOARD_HOST", "127.0.0.1"),
            dashboard_port=read.whole("GALLERY_DASHBOARD_PORT", 9181, least=1, most=65535),
            dashboard_user=read.text("GALLERY_DASHBOARD_USER", "admin"),
            dashboard_password=read.text("GALLERY_DASHBOARD_PASSWORD", ""),
            max_upload_bytes=read.whole("GALLERY_MAX_UPLOAD_MB", 256, least=1, most=4096) * 1024 * 1024,
            max_form_files=read.whole("GALLERY_MAX_FORM_FILES", 100, least=1, most=1000),
            max_megapixels=read.whole("GALLERY_MAX_MEGAPIXELS", 250, least=1, most=2000),
            webp_effort=read.whole("GALLERY_WEBP_EFFORT", EFFORT, least=0, most=6),
            view_format=ViewFormat(read.choice("GALLERY_VIEW_FORMAT", ViewFormat.AUTO, tuple(ViewFormat))),
            job_timeout=read.whole("GALLERY_JOB_TIMEOUT", 60, least=1, most=3600),
            require_sandbox=read.flag("GALLERY_REQUIRE_SANDBOX"),
            sweep_seconds=read.whole("GALLERY_SWEEP_SECONDS", 15, least=1, most=30),
            reserve_bytes=read.whole("GALLERY_RESERVE_MB", 256, least=0, most=1024 * 1024) * 1024 * 1024,
            trash_days=read.whole("GALLERY_TRASH_DAYS", 30, least=0, most=3650),
            workers=read.whole("GALLERY_WORKERS", (os.cpu_count() or 1) + 1, least=1, most=64),
            web_processes=read.whole("GALLERY_WEB_PROCESSES", 1, least=1, most=64),
            web_threads=threads,
            max_listeners=read.whole("GALLERY_MAX_LISTENERS", 2000, least=1, most=50_000),
            max_zip_bytes=read.whole("GALLERY_MAX_ZIP_MB", 4096, least=1, most=1024 * 1024) * 1024 * 1024,
            heartbeat_file=Path(heartbeat) if heartbeat else None,
            worker_name=f"{socket.gethostname()}-{os.getpid()}",
            tokens=parse_tokens(read.text("GALLERY_TOKEN", "")),
            public=public,
            originals=LEAST_ROLES[originals],
            open=read.flag("GALLERY_OPEN"),
            hosts=tuple(filter(None, map(str.strip, read.text("GALLERY_HOSTS", "").lower().split(",")))),
            trusted_proxies=read.networks("GALLERY_TRUSTED_PROXIES"),
            dashboard_url=read.text("GALLERY_DASHBOARD_URL", ""),
            client_connections=read.whole("GALLERY_CLIENT_CONNECTIONS", max(4, threads // 6), least=1, most=50_000),
            client_listeners=read.whole("GALLERY_CLIENT_LISTENERS", 200, least=1, most=50_000),
            requests_per_minute=read.whole("GALLERY_REQUESTS_PER_MINUTE", 0, least=0, most=1_000_000),
            uploads_per_minute=read.whole("GALLERY_UPLOADS_PER_MINUTE", 0, least=0, most=1_000_000),
            slow_seconds=read.whole("GALLERY_SLOW_SECONDS", 30, least=1, most=600),
            metrics_host=read.host("GALLERY_METRICS_HOST", "127.0.0.1"),
            metrics_port=read.whole("GALLERY_METRICS_PORT", 0, least=0, most=65535),
            log_format=read.choice("GALLERY_LOG_FORMAT", "auto", ("auto", "json", "text")),
            otlp_endpoint=read.text("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        )

    def require_guard(self) -> None:
        """Raise `BadSetting` if everyone on the network could delete: no token, and not on loopback only."""
        if not self.tokens and not self.open and not is_loopback(self.host):
            raise BadSetting(
                f"GALLERY_HOST is {self.host}, and no GALLERY_TOKEN is set: anyone who can reach that address could "
                "upload and delete. Set GALLERY_TOKEN, or GALLERY_OPEN=1 if that is what you want."
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Reader:
    """Typed look-ups in an environment; an empty value counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def host(self, name: str, default: str) -> str:
        """A name or an address; an IPv6 address may be in brackets, as in a URL."""
        text = self.text(name, default)
        return text[1:-1] if text.startswith("[") and text.endswith("]") else text

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        raw = self.text(name, default).lower()
        if raw not in choices:
            raise BadSetting(f"{name} must be one of {', '.join(choices)}, but it is {raw!r}.")
        return raw

    def flag(self, name: str) -> bool:
        raw = self.text(name, "0").lower()
        if raw not in ("0", "1", "no", "yes", "false", "true"):
            raise BadSetting(f"{name} must be 1 or 0, but it is {raw!r}.")
        return raw in ("1", "yes", "true")

    def networks(self, name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        parts = [part.strip() for part in self.text(name, "").split(",") if part.strip() not in ("", "0")]
        for part in parts:
            if part.isdecimal():
                raise BadSetting(
                    f"{name} must name the proxies' addresses, but it is {part!r}. A number alone would let anyone "
                    "who reaches web directly choose an address. Write addresses or networks, such as 10.244.0.0/16."
                )
        try:
            return tuple(ipaddress.ip_network(part, strict=False) for part in parts)
        except ValueError as error:
            raise BadSetting(f"{name} must be addresses or networks with commas between: {error}.") from None

    def cache(self, name: str, data: Path) -> Path:
        """A folder that must not be on the volume."""
        folder = Path(self.text(name, "cache")).absolute()
        if folder == data or data in folder.parents:
            raise BadSetting(f"{name} must not be below GALLERY_DATA, but it is {folder}.")
        return folder

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            raise BadSetting(f"{name} must be a whole number, but it is {raw!r}.") from None
        if not least <= value <= most:
            raise BadSetting(f"{name} must be between {least} and {most}, but it is {value}.")
        return value
