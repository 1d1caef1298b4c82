"""What is none of the gallery's, and what a crash leaves."""

from __future__ import annotations

import os
import shutil

from pipeline.ids import new_id
from tests.damage.volume import Said, Volume, damage, lasting


@damage
def views_of_other_formats(v: Volume) -> Said:
    """Left by a crash after the record of a view in another format was written; of an image that waits it is none."""
    for image_id in (v.ready[0], v.failed, v.waiting):
        (v.layout.image(image_id) / "view.jpg").write_bytes(b"made before")
    return Said({v.place(v.layout.image(i) / "view.jpg"): "rendition-former" for i in (v.ready[0], v.failed)})


@damage
def strays_everywhere(v: Volume) -> Said:
    image = v.layout.image(v.ready[0])
    claims = v.claim(v.ready[0]).parent
    files = [
        v.layout.root / "notes.txt", v.layout.images / "Thumbs.db", image.parent.parent / ".DS_Store",
        image.parent / "a.jpg", image / "b.jpg", v.layout.hashes / "c", claims / "d", v.layout.pending / "e",
        v.layout.failed / "f", v.layout.incoming / "g", v.layout.locks / "h", v.layout.signed_out / "i",
        image.parent / new_id(), v.layout.incoming / new_id(),
    ]  # fmt: skip
    folders = [
        v.layout.root / "old", v.layout.images / "2026-02-30", image.parent.parent / "9999", image.parent / "copy",
        image / "originals", v.layout.hashes / "xyz", claims / "j", v.layout.pending / "k", v.layout.failed / "l",
        v.layout.incoming / "m", v.layout.locks / "n", v.layout.signed_out / "o", v.layout.days / "p",
    ]  # fmt: skip
    for path in files:
        path.write_bytes(b"mine")
    for path in folders:
        path.mkdir()
        (path / "inside").write_bytes(b"mine, too")
    link = v.layout.images / "link"
    link.symlink_to(image.parent.parent)
    (v.layout.root / "lost+found").mkdir()
    (v.layout.pending / ".nfs0000000000c0ffee").touch()
    return lasting(
        {v.place(path): "stray-file" for path in (*files, link)} | {v.place(path): "stray-folder" for path in folders}
    )


@damage
def names_that_nobody_can_print(v: Volume) -> Said:
    (v.layout.images / os.fsdecode(b"\xff\n\x1b[2J")).mkdir()
    (v.layout.pending / "a\nleft  double  x: y").touch()
    return lasting(
        {"images/\\xff\\n\\x1b[2J": "stray-folder", "pending/a\\nleft  double  x: y": "stray-file"},
    )


@damage
def what_a_crash_leaves_in_folders(v: Volume) -> Said:
    path = v.layout.image(v.ready[0]) / ".view.webp.0badcafe.tmp"
    path.write_bytes(b"half")
    (v.layout.images / "2001-01-01" / "0101").mkdir(parents=True)
    (v.layout.images / "2001-01-02").mkdir()
    shutil.rmtree(v.layout.signed_out)
    return Said(
        {v.place(path): "half-written", "images/2001-01-01/0101": "empty-folder", "images/2001-01-02": "empty-folder",
         "signed-out": "folder-missing"}
    )  # fmt: skip


@damage
def a_file_in_the_place_of_a_folder(v: Volume) -> Said:
    shutil.rmtree(v.layout.signed_out)
    v.layout.signed_out.write_bytes(b"mine")
    lock = v.layout.locks / "hash-ab"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    return Said({"locks/hash-ab": "not-a-file", "signed-out": "folder-missing"}, {"signed-out": "folder-missing"})


@damage
def files_of_days_that_nobody_can_use(v: Volume) -> Said:
    day = v.layout.image(v.ready[0]).parent.parent.name
    files = {v.layout.days / "2001-02-03": b"", v.layout.day_file(day): b"gallery-day 1\n" + b"x" * 99}
    for path, data in files.items():
        path.write_bytes(data)
    newer = v.layout.days / "2001-02-04"
    newer.write_bytes(b"gallery-day 2\nwhatever")
    half = v.layout.days / f".{day}.0badcafe.tmp"
    half.write_bytes(b"half")
    (v.layout.days / f".{day}.{v.store.volume.presence.token()}.tmp").write_bytes(b"being written")
    (v.layout.days / "2001-02-05").mkdir()
    found = {v.place(path): "day-file-damaged" for path in files}
    return Said(found | {v.place(half): "half-written", "days/2001-02-05": "not-a-file"})
