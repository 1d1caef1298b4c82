"""What a power loss leaves is what was flushed: the system calls of accepting and rendering, in their order.

A file must be flushed before it gets its name, a name before the promise that rests on it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.conftest import ROOT, picture

STRACE = shutil.which("strace")
pytestmark = pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is not installed")

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,mkdir,unlink,ftruncate"
WORK = """
import os, sys
from pathlib import Path
from tests.stores import accept, make
from pipeline.settings import Settings
from pipeline.store import Store

store = Store(Settings.from_environment())
image_id = accept(store, Path(sys.argv[1]).read_bytes())
Path(sys.argv[2]).mkdir()
for grid_only in sys.argv[3].split():
    make(store, image_id, grid_only=grid_only == "grid")
"""


@dataclass
class Disk:
    """What is written and not flushed: the bytes of files, the entries of folders."""

    root: str
    bytes: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)

    def play(self, name: str, text: str) -> tuple[str, str] | None:
        """Follow one call; a rename is returned as (from, to)."""
        paths = [path for path in re.findall(r'[<"](/[^">]*)[">]', text) if path.startswith(self.root)]
        if not paths:
            return None
        if name == "openat":
            if "O_CREAT" in text and "= -1" not in text:
                self.entries.add(str(Path(paths[0]).parent))
        elif name in ("write", "pwrite64", "ftruncate"):
            self.bytes.add(paths[0])
        elif name in ("fsync", "fdatasync"):
            self.bytes.discard(paths[0])
            self.entries.discard(paths[0])
        elif name in ("mkdir", "unlink"):
            self.entries.add(str(Path(paths[0]).parent))
            self.bytes.discard(paths[0])  # what a file held that is gone is promised to nobody
        else:
            self.entries |= {str(Path(path).parent) for path in paths[:2]}
            return paths[0], paths[1]
        return None

    def moved(self, old: str, new: str) -> None:
        """What was not flushed goes along with its folder."""
        for dirty in (self.bytes, self.entries):
            moved = {path for path in dirty if path == old or path.startswith(f"{old}/")}
            dirty -= moved
            dirty |= {new + path.removeprefix(old) for path in moved}


def calls(trace: Path) -> Iterator[tuple[str, str]]:
    for line in trace.read_text(errors="replace").splitlines():
        if (match := re.match(r"(?:\d+ +)?(\w+)\((.*)", line)) and "= -1" not in line:
            yield match[1], match[2]


@pytest.mark.parametrize("passes", ["both", "grid view"])
def test_nothing_is_promised_before_it_is_flushed(store: Store, tmp_path: Path, passes: str) -> None:
    (tmp_path / "upload").write_bytes(picture("JPEG", (2000, 1000)))
    accepted, trace = tmp_path / "accepted", tmp_path / "trace"
    subprocess.run(
        [STRACE or "strace", "-f", "-y", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace),
         sys.executable, "-c", WORK, str(tmp_path / "upload"), str(accepted), passes],
        check=True, cwd=ROOT, env={**os.environ, "GALLERY_DATA": str(store.layout.root)},
    )  # fmt: skip
    disk, renames, image = Disk(str(store.layout.root)), [], ""
    for name, text in calls(trace):
        if name == "mkdir" and str(accepted) in text:  # the answer "accepted" is given
            assert disk.bytes == set()
            # a lock file may be lost, and so may the place that the image left
            assert disk.entries <= {str(store.layout.locks), str(store.layout.incoming)}
        if image and name == "openat" and f"{image}/.image.json" in text:  # the record that says "ready"
            assert image not in disk.entries, "ready before its renditions have their names on disk"
        if moved := disk.play(name, text):
            old, new = moved
            unseen = new.startswith(str(store.layout.incoming))  # a draft's names are promised to nobody
            inside = {path for path in disk.bytes | disk.entries if path.startswith(f"{old}/") or path == old}
            assert unseen or not inside, f"{new} got its name before {inside} was flushed"
            if new.startswith(str(store.layout.images)) and old.startswith(str(store.layout.incoming)):
                image = new
                assert str(store.layout.pending) not in disk.entries, "visible before its marker was flushed"
            disk.moved(old, new)
            renames.append(Path(new).name)
    assert [name for name in renames if name != Path(image).name and not name.startswith("original")] == [
        "grid.webp",
        "view.webp",
        "image.json",
    ]
    assert disk.bytes == set()
