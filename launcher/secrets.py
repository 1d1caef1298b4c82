"""`python -m launcher.secrets [--token] FILE…`: make the secrets of a deployment. Needs nothing but Python.

The web image carries it too: `docker run --rm IMAGE python -m launcher.secrets - >.env`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from secrets import token_hex


def main(arguments: list[str]) -> int:
    """Write each file that is not there yet, readable by its owner alone; `-` is standard output."""
    parser = argparse.ArgumentParser(
        prog="python3 -m launcher.secrets", description="Make the secrets of a deployment."
    )
    parser.add_argument("--token", action="store_true", help="access tokens too: an admin's, and one for Prometheus")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="one that is there stays as it is; - is standard output"
    )
    asked = parser.parse_args(arguments)
    if odd := [path for path in asked.files if path.startswith("-") and path != "-"]:
        parser.error(f"{odd[0]!r} looks like an option; a file of that name is ./{odd[0]}")
    for path in asked.files:
        text = made() + (tokens() if asked.token else "")
        if path == "-":
            sys.stdout.write(text)
        else:
            _write(Path(path), text)
    return 0


def _write(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"{path} is there already and stays as it is")
        return
    with open(descriptor, "w") as file:
        file.write(text)
    print(f"made {path}")


def made() -> str:
    """Fresh secrets, one per line; letters and digits only, so that they can be part of a URL."""
    password = token_hex(24)
    return (
        f"REDIS_PASSWORD={password}\n"
        f"REDIS_URL=redis://:{password}@redis:6379/0\n"
        "GALLERY_DASHBOARD_USER=admin\n"
        f"GALLERY_DASHBOARD_PASSWORD={token_hex(12)}\n"
    )


def tokens() -> str:
    """Access tokens for one admin and for what reads the metrics."""
    metrics = token_hex(24)
    return f"GALLERY_TOKEN=admin:admin:{token_hex(24)},metrics:read:{metrics}\nMETRICS_TOKEN={metrics}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
