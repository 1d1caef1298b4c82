"""The doctor on a volume of which it may not read, or not write, everything."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.doctor import examination_of
from pipeline.store.checks.examine import Examination, repair
from tests.damage import Volume
from tests.damage.comparing import named
from tests.damage.template import copied
from tests.damage.template import template as template
from tests.product import mounted


def test_what_cannot_be_read_is_named_and_the_rest_is_checked(template: Volume) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        volume = Volume(copied(template, Path(folder)), template.ready, template.waiting, template.failed)
        for path in volume.layout.root.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o777)
        examination = Examination(volume.store.volume)
        volume.layout.image(volume.ready[0]).chmod(0)
        volume.original(volume.ready[3]).chmod(0)
        volume.layout.bucket(volume.ready[5]).chmod(0)
        volume.layout.rendition(volume.ready[1], "grid").unlink()
        with as_nobody():
            found = examination.all()
        assert named(found) == sorted(
            [
                (volume.place(volume.layout.image(volume.ready[0])), "unreadable"),
                (volume.place(volume.layout.bucket(volume.ready[5])), "unreadable"),
                (volume.ready[3], "original-unreadable"),
                (volume.ready[1], "rendition-broken"),
            ]
        )


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, if this is root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_volume_that_cannot_be_written_is_checked_and_nothing_is_tried_twice(
    template: Volume, tmp_path: Path
) -> None:
    with mounted(tmp_path / "data", "size=64m") as mounts:
        if not mounts:
            pytest.skip("mounting is not permitted")
        volume = Volume(copied(template, tmp_path), template.ready, template.waiting, template.failed)
        volume.layout.marker(volume.waiting).unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "data")], check=True)
        examination, excuses = examination_of(volume.store), list[str]()
        done = repair(examination, examination.all(), excuses.append)
        assert named(done.found) == named(done.left) == [(volume.waiting, "pending-unmarked")]
        assert len(excuses) == 1
