"""What an import left: a verdict, images, a large file that changes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from tests.commands import verdicts
from tests.conftest import Gallery, picture

Import = Callable[..., subprocess.CompletedProcess[str]]


def holds(gallery: Gallery, data: bytes) -> bool:
    return bool(gallery.call("GET", f"/api/images?sha256={sha256(data).hexdigest()}").json["images"])


def images(gallery: Gallery) -> set[str]:
    return {image["id"] for image in gallery.call("GET", "/api/images?limit=500").json["images"]}


def only(done: subprocess.CompletedProcess[str], verdict: str, status: int) -> Any:
    """The one file's verdict."""
    (found,) = verdicts(done).values()
    assert (found["verdict"], done.returncode) == (verdict, status), (found, done.stderr)
    return found


def large() -> bytes:
    return picture("PNG", (1500, 1500)) + os.urandom(8_000_000)  # more than sockets hold


WITHOUT_RIGHTS = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
