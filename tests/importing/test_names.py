"""Files and folders of any name."""

from __future__ import annotations

import os
from pathlib import Path

from tests.commands import command, lines
from tests.conftest import Gallery, picture
from tests.importing.verdicts import Import, images, only

NAMES = (
    b"caf\xe9.png",
    b"\xff\xfe",
    b"\xed\xa0\x80.png",  # half of a pair of surrogates
    b"a\naccepted      forged.png",
    b"\x1b[2J\x1b[31mred.png",
    b"back\\slash.png",
    b"%2f..%2f&name=x?.png",
    b"-rf.png",
    b"n" * 251 + b".png",
    "right\u202eto left.png".encode(),
    "line\u2028separator.png".encode(),
    "\u65e5\u672c\u3000\u8a9e.png".encode(),
)


def test_a_file_may_have_any_name_and_none_breaks_or_forges_a_line(send: Import, shared: Gallery, folder: Path) -> None:
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(picture())
    before = images(shared)
    done = send(encoding="latin-1")
    assert done.returncode == 0, done.stderr
    *files, total = done.stdout.encode("latin-1").split(b"\n")[:-1]
    assert (len(files), total) == (len(NAMES), b"%d accepted" % len(NAMES))
    assert all(line.startswith(b"accepted      ") for line in files)
    assert b"accepted      caf\\xe9.png" in files
    assert b"accepted      a\\naccepted      forged.png" in files
    assert b"accepted      back\\\\slash.png" in files
    assert "accepted      日本　語.png".encode() in files
    assert not any(character in done.stdout for character in "\x1b\r")
    names = {shared.call("GET", f"/api/images/{image}").json["name"] for image in images(shared) - before}
    assert "caf\ufffd.png" in names
    assert "日本 語.png" in names
    done = send("--json", "--again")
    found = lines(done)[:-1]
    assert sorted(bytes.fromhex(f["path_hex"]) if "path_hex" in f else f["path"].encode() for f in found) == sorted(
        NAMES
    )
    assert {f["verdict"] for f in found} == {"here already"}


def test_a_terminal_of_any_encoding_gets_every_line(send: Import, folder: Path) -> None:
    (folder / "日本.png").write_bytes(picture())
    done = send(environ={"PYTHONIOENCODING": "latin-1:strict"})
    assert (done.returncode, done.stdout) == (0, "accepted      \\u65e5\\u672c.png\n1 accepted\n")


def test_the_folder_itself_may_have_any_name(shared: Gallery, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n\x1b"))
    odd.mkdir()
    (odd / "a.png").write_bytes(picture())
    for verdict in ("accepted", "sent before"):
        assert only(command(shared, "import", str(odd), "--json"), verdict, 0)["path"] == "a.png"
