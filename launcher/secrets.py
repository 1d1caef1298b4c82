"""`python -m launcher.secrets [--token] FILE…`: make the secrets of a deployment. Needs nothing but Python.

The web image carries it too: `docker run --rm IMAGE python -m launcher.secrets - >.env`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_hex


def main(paths: list[str]) -> int:
    """Write each file that is not there yet, readable by its owner alone; `-` is standard output.

    With `--token`, access tokens too.
    """
    if "-" in paths:
        sys.stdout.write(made() + (tokens() if "--token" in paths else ""))
    for path in (Path(path) for path in paths if path not in ("-", "--token")):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            print(f"{path} is there already and stays as it is")
            continue
        with open(descriptor, "w") as file:
            file.write(made() + (tokens() if "--token" in paths else ""))
        print(f"made {path}")
    return 0


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
