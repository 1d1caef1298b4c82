"""A folder is for one gallery, and nothing from a stream is written outside the volume."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from cli.doctor import examine
from pipeline.store import Store
from pipeline.volume.layout import RECORD
from tests.backup.commands import command, opened
from tests.pictures import picture
from tests.stores import accept


def test_a_folder_is_for_one_gallery_and_for_one_backup_at_a_time(filled: Store, tmp_path: Path) -> None:
    target = str(tmp_path / "kept")
    command(filled, "backup", target)
    other = opened(tmp_path / "other")
    accept(other, picture())
    done = command(other, "backup", target)
    assert (done.returncode, b"another gallery" in done.stderr) == (2, True)
    done = command(filled, "backup", str(filled.layout.root / "kept"))
    assert (done.returncode, b"within GALLERY_DATA" in done.stderr) == (2, True)
    done = command(filled, "restore", str(tmp_path))
    assert (done.returncode, b"no backup" in done.stderr) == (2, True)


def test_what_is_in_a_stream_stays_in_its_place(store: Store, tmp_path: Path) -> None:
    image_id = accept(store, picture())
    raw = store.layout.record(image_id).read_bytes()
    original = store.original(store.get(image_id)).read_bytes()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:

        def add(name: str, data: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(data), kind, link
            tar.addfile(member, io.BytesIO(data))

        add("../outside", b"x")
        add("/tmp/outside", b"x")
        add(f"images/2026-01-01/0000/{image_id}/../../outside", b"x")
        add(f"images/2026-01-01/0000/{image_id}/original.png", b"", tarfile.SYMTYPE, "/etc/passwd")
        add(f"images/2026-01-01/0000/{image_id}/original.png", original)
        add(f"images/2026-01-01/0000/{image_id}/evil.sh", b"x")
        add(f"images/2026-01-01/0000/{image_id}/{RECORD}", raw)
    new = opened(tmp_path / "new")
    assert command(new, "restore", "-", input=stream.getvalue()).returncode == 0
    assert {path.name for path in new.layout.image(image_id).iterdir()} == {"original.png", RECORD}
    assert not list(tmp_path.rglob("outside"))
    assert examine(new) == []
