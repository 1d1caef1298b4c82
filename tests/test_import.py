"""`gallery import`: every file gets one verdict, whatever happens to it, to the network or to the gallery."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.commands import command, environment, lines, verdicts
from tests.conftest import ROOT, Gallery, picture, until
from tests.network import Fault, Network, answer, network
from tests.product import prepared

WITHOUT_RIGHTS = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """One web process for all tests here: what is sent is never the same twice."""
    data = tmp_path_factory.mktemp("volume") / "data"
    data.mkdir()
    with prepared(data) as gallery:
        gallery.start("web", "web")
        until(lambda: gallery.call("GET", "/readyz").status == 200, 60)
        yield gallery


@pytest.fixture
def way(shared: Gallery) -> Iterator[Network]:
    with network(shared.port) as way:
        yield way


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


Import = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def send(shared: Gallery, way: Network, folder: Path, tmp_path: Path) -> Import:
    """Run the import of `folder` over the network, with a log of its own."""

    def run(*arguments: str, environ: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        mine = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), **(environ or {})}
        where = () if "--url" in arguments else ("--url", way.url)
        return command(shared, "import", str(folder), *where, "--patience", "20", *arguments, environ=mine, **options)

    return run


def holds(gallery: Gallery, data: bytes) -> bool:
    return bool(gallery.call("GET", f"/api/images?sha256={sha256(data).hexdigest()}").json["images"])


def images(gallery: Gallery) -> set[str]:
    return {image["id"] for image in gallery.call("GET", "/api/images?limit=500").json["images"]}


def only(done: subprocess.CompletedProcess[str], verdict: str, status: int) -> Any:
    """The one file's verdict."""
    (found,) = verdicts(done).values()
    assert (found["verdict"], done.returncode) == (verdict, status), (found, done.stderr)
    return found


# --- files that change meanwhile


def large() -> bytes:
    return picture("PNG", (1500, 1500)) + os.urandom(8_000_000)  # more than sockets hold


def appends(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrinks(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1000)


def is_overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(os.urandom(500))


def is_overwritten_and_looks_the_same(path: Path) -> None:
    before = path.stat()
    is_overwritten(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def is_replaced(path: Path) -> None:
    other = path.with_name(".other")
    other.write_bytes(large())
    other.replace(path)


CHANGES = [appends, shrinks, is_overwritten, is_overwritten_and_looks_the_same, is_replaced]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_sent_is_sent_again_whole_and_torn_bytes_never_arrive(
    send: Import, shared: Gallery, way: Network, folder: Path, change: Callable[[Path], None]
) -> None:
    path, before = folder / "a.png", images(shared)
    path.write_bytes(large())
    way.fail("POST /api/images", Fault(call=lambda: change(path)), times=1)
    only(send("--json"), "accepted", 0)
    assert holds(shared, path.read_bytes())
    assert len(images(shared) - before) == 1
    only(send("--json"), "sent before", 0)


@pytest.mark.parametrize("change", [appends, is_overwritten_and_looks_the_same, is_replaced])
def test_a_file_that_never_stops_changing_is_left_and_sent_by_the_next_run(
    send: Import, shared: Gallery, way: Network, folder: Path, change: Callable[[Path], None]
) -> None:
    path, before = folder / "a.png", images(shared)
    path.write_bytes(large())
    (folder / "b.png").write_bytes(picture())
    way.fail("POST /api/images?name=a.png", Fault(call=lambda: change(path)), times=3)
    done = send("--json")
    found = verdicts(done)
    assert (found["a.png"]["verdict"], found["b.png"]["verdict"], done.returncode) == ("changed", "accepted", 1)
    assert len(images(shared) - before) == 1
    assert verdicts(send("--json"))["a.png"]["verdict"] == "accepted"
    assert holds(shared, path.read_bytes())


def test_a_file_that_grew_after_it_was_sent_is_sent_by_the_next_run(
    send: Import, shared: Gallery, way: Network, folder: Path
) -> None:
    path = folder / "a.png"
    path.write_bytes(large())
    only(send("--json"), "accepted", 0)
    appends(path)
    only(send("--json"), "accepted", 0)
    assert holds(shared, path.read_bytes())


def test_another_file_of_the_same_length_and_time_is_not_taken_for_the_one_that_was_sent(
    send: Import, shared: Gallery, folder: Path
) -> None:
    path, other = folder / "a.bmp", folder / ".other"
    path.write_bytes(picture("GIF", (50, 50), "#112233"))
    other.write_bytes(picture("GIF", (50, 50), "#332211"))
    only(send("--json"), "accepted", 0)
    assert path.stat().st_size == other.stat().st_size
    os.utime(other, ns=(0, path.stat().st_mtime_ns))
    other.replace(path)
    only(send("--json"), "accepted", 0)
    assert holds(shared, path.read_bytes())


def test_a_file_that_is_removed_while_it_is_sent_arrives_and_one_removed_before_is_gone(
    send: Import, way: Network, folder: Path
) -> None:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(large())

    def remove() -> None:
        for path in folder.iterdir():
            path.unlink()

    way.fail("POST /api/images?name=a.png", Fault(call=remove), times=1)
    done = send("--json", "--jobs", "1")
    found = verdicts(done)
    assert (found["a.png"]["verdict"], found["b.png"]["verdict"], done.returncode) == ("accepted", "gone", 1)
    assert send("--json").returncode == 0


# --- what is no file, or cannot be read


def test_pipes_sockets_devices_and_links_get_a_verdict_and_hold_up_nothing(
    send: Import, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.png").write_bytes(picture())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.png").write_bytes(picture())
    os.mkfifo(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the names of sockets are short
        listener.bind("socket.png")
        os.chdir(here)
    (folder / "file link.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    (folder / "folder link").symlink_to(tmp_path / "elsewhere")
    (folder / "pipe link.png").symlink_to("pipe.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "dangling.png").symlink_to("nowhere")
    (folder / "up").symlink_to(folder)
    (folder / "empty.png").touch()
    done = send("--json")
    found = {path: verdict["verdict"] for path, verdict in verdicts(done).items()}
    assert found == {
        "a.png": "accepted", "file link.png": "accepted", "empty.png": "no picture", "up": "skipped",
        "pipe.png": "skipped", "pipe link.png": "skipped", "socket.png": "skipped", "folder link": "skipped",
        "loop.png": "unreadable", "dangling.png": "unreadable",
    }  # fmt: skip
    assert done.returncode == 1
    text = send().stdout
    assert "skipped       pipe.png: a named pipe\n" in text
    assert "skipped       folder link: a link to a folder, which is not followed\n" in text
    for name in ("loop.png", "dangling.png"):
        (folder / name).unlink()
    assert send().returncode == 0


def test_a_device_is_not_opened(send: Import, folder: Path) -> None:
    try:
        os.mknod(folder / "device.png", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("needs the right to make a device")
    assert only(send("--json"), "skipped", 0)["message"] == "a device"


def test_files_and_folders_that_cannot_be_read_are_reported_and_the_rest_is_sent(send: Import, folder: Path) -> None:
    if subprocess.run([*WITHOUT_RIGHTS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs setpriv, as root")
    (folder / "closed").mkdir()
    (folder / "closed" / "a.png").write_bytes(picture())
    for name in ("b.png", "c.png"):
        (folder / name).write_bytes(picture())
    (folder / "closed").chmod(0)
    (folder / "b.png").chmod(0)
    done = send("--json", before=WITHOUT_RIGHTS)
    assert {path: verdict["verdict"] for path, verdict in verdicts(done).items()} == {
        "closed": "unreadable", "b.png": "unreadable", "c.png": "accepted",
    }  # fmt: skip
    assert done.returncode == 1
    assert "unreadable    closed: Permission denied\n" in send(before=WITHOUT_RIGHTS).stdout
    folder.chmod(0)
    done = send("--json", before=WITHOUT_RIGHTS)
    folder.chmod(0o755)
    assert (done.returncode, "is not readable" in done.stderr) == (2, True)


def test_folders_may_be_as_deep_as_the_system_allows(send: Import, folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)
    for _ in range(1500):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.png").write_bytes(picture())
    os.chdir(here)
    try:
        done = send("--json")
    finally:
        subprocess.run(["rm", "-r", str(folder / "d")], check=True)  # too deep for pytest to remove
    assert only(done, "accepted", 0)["path"].endswith("/a.png")


# --- names


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


# --- the log of what was sent


def log(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "config" / "gallery").glob("import-*.jsonl")
    return found


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(os.urandom(5000)),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(path.read_bytes() + bytes(4096)),
        lambda path: path.write_text('{"key": ["a"], "id": "b"}\n{"key": 1, "id": 2}\n[]\nnull\n"x"\n'),
    ],
)
def test_a_damaged_log_costs_a_question_and_no_file(
    send: Import, way: Network, folder: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    (folder / "a.png").write_bytes(picture())
    only(send("--json"), "accepted", 0)
    damage(log(tmp_path))
    assert next(iter(verdicts(send("--json")).values()))["verdict"] in ("here already", "sent before")
    assert way.count("POST") == 1
    only(send("--json"), "sent before", 0)


def test_an_import_whose_log_cannot_be_kept_says_so_once_and_goes_on(
    send: Import, folder: Path, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture())
    (tmp_path / "config").touch()
    done = send("--json")
    assert (done.returncode, lines(done)[-1]["sum"]) == (0, {"accepted": 2})
    assert done.stderr.count("What was sent ") == 1
    (tmp_path / "config").unlink()
    assert lines(send("--json"))[-1]["sum"] == {"here already": 2}
    path = log(tmp_path)
    path.unlink()
    path.mkdir()
    done = send("--json")
    assert (done.returncode, lines(done)[-1]["sum"]) == (0, {"here already": 2})
    assert done.stderr.count("What was sent before cannot be read") == 1


def test_the_log_is_for_its_user_alone(send: Import, folder: Path, tmp_path: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    only(send("--json"), "accepted", 0)
    assert (log(tmp_path).stat().st_mode & 0o777, log(tmp_path).parent.stat().st_mode & 0o777) == (0o600, 0o700)


# --- the network and the gallery


def test_bytes_that_the_gallery_has_are_not_sent(send: Import, shared: Gallery, way: Network, folder: Path) -> None:
    data = picture()
    (folder / "a.png").write_bytes(data)
    image_id = shared.upload(data).json["id"]
    assert only(send("--json"), "here already", 0)["id"] == image_id
    assert way.count("POST") == 0


def test_a_gallery_that_cannot_tell_what_it_has_gets_the_file(send: Import, way: Network, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    way.fail("GET /api/images?sha256=", answer(503, b'{"code": "volume-unavailable", "detail": "No."}'))
    only(send("--json"), "accepted", 0)


def test_an_answer_about_other_bytes_is_not_believed(send: Import, shared: Gallery, way: Network, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    other = shared.call("GET", f"/api/images/{shared.upload(picture()).json['id']}").body
    way.fail("GET /api/images?sha256=", answer(200, b'{"images": [%s], "next": null}' % other), times=1)
    way.fail("POST /api/images", answer(200, other), times=1)
    assert only(send("--json"), "refused", 1)["code"] == "other-bytes"
    only(send("--json"), "accepted", 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(up=4_000_000),
        Fault(up=10),
        Fault(down=0),
        Fault(down=20),
        answer(503),
        answer(500),
        answer(502, b"<html>"),
        answer(429, more="Retry-After: 1\r\n"),
    ],
)
def test_a_connection_that_breaks_and_a_moment_of_trouble_cost_time_and_no_file(
    send: Import, shared: Gallery, way: Network, folder: Path, fault: Fault
) -> None:
    data, before = large(), images(shared)
    (folder / "a.png").write_bytes(data)
    way.fail("POST /api/images", fault, times=1)
    done = send("--json")
    assert done.returncode == 0
    assert next(iter(verdicts(done).values()))["verdict"] in ("accepted", "here already")
    assert holds(shared, data)
    assert len(images(shared) - before) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (answer(500, b'{"code": "internal", "detail": "Something went wrong."}'), "internal"),
        (answer(503, b'{"code": "volume-unavailable", "detail": "Something went wrong."}'), "volume-unavailable"),
        (answer(502, b"<html>Bad Gateway</html>", "text/html"), "http-error"),
        (answer(413, b"<html>Too large</html>", "text/html"), "http-error"),
        (Fault(up=50_000), "broken-connection"),
    ],
)
def test_a_file_that_a_healthy_gallery_cannot_take_is_left_and_the_rest_is_sent(
    send: Import, way: Network, folder: Path, fault: Fault, code: str
) -> None:
    (folder / "b.png").write_bytes(large())
    for name in ("a.png", "c.png"):
        (folder / name).write_bytes(picture())
    way.fail("POST /api/images?name=b.png", fault)
    done = send("--json", "--jobs", "1")
    found = verdicts(done)
    assert {path: verdict["verdict"] for path, verdict in found.items()} == {
        "a.png": "accepted", "b.png": "refused", "c.png": "accepted",
    }  # fmt: skip
    assert (found["b.png"]["code"], done.returncode) == (code, 1)


def test_a_damaged_record_in_the_gallery_stops_no_import(send: Import, shared: Gallery, folder: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (folder / name).write_bytes(picture())
    damaged = shared.upload((folder / "b.png").read_bytes()).json["id"]
    (record,) = shared.data.glob(f"images/**/{damaged}/image.json")
    record.write_bytes(b"\0" * record.stat().st_size)
    done = send("--json", "--jobs", "1")
    found = verdicts(done)
    assert (found["a.png"]["verdict"], found["c.png"]["verdict"]) == ("accepted", "accepted")
    assert found["b.png"]["verdict"] in ("refused", "here already", "accepted")
    assert done.returncode == (1 if found["b.png"]["verdict"] == "refused" else 0)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (answer(507, b'{"code": "volume-full", "detail": "The gallery is full."}'), "The gallery is full."),
        (answer(401, b'{"code": "sign-in", "detail": "Sign in."}'), "Sign in."),
        (answer(404, b"<html>", "text/html"), "answered with status 404."),
        (answer(308, more="Location: https://pictures.example/\r\n"), "sends us to https://pictures.example/"),
        (answer(200, b"<html>Welcome</html>", "text/html"), "answers, but not as this gallery does."),
        (answer(200, b'{"images": 7}'), "answers, but not as this gallery does."),
        (answer(201, b"\xff"), "answers, but not as this gallery does."),
    ],
)
def test_what_concerns_every_file_stops_the_import_with_a_sentence_and_a_verdict_for_each(
    send: Import, way: Network, folder: Path, fault: Fault, sentence: str
) -> None:
    for number in range(20):
        (folder / f"{number:02}.png").write_bytes(picture())
    way.fail("POST /api/images?name=03.png", fault)
    done = send("--json", "--jobs", "1")
    found = [verdict["verdict"] for _, verdict in sorted(verdicts(done).items())]
    assert found == ["accepted"] * 3 + ["not sent"] * 17
    assert done.returncode == 2
    assert f"{sentence} Run it again to go on." in done.stderr or f"{sentence}: give that as --url." in done.stderr
    way.faults.clear()
    assert lines(send("--json"))[-1]["sum"] == {"sent before": 3, "accepted": 17}


def test_a_gallery_that_goes_and_stays_away_ends_the_import_with_a_verdict_for_each_file(
    bare: Gallery, folder: Path
) -> None:
    for number in range(30):
        (folder / f"{number:02}.png").write_bytes(picture())
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    with network(bare.port) as way:
        way.fail("POST /api/images?name=03.png", Fault(call=lambda: bare.stop("web", signal.SIGKILL)), times=1)
        done = command(bare, "import", str(folder), "--url", way.url, "--json", "--jobs", "1", "--patience", "2")
        found = [verdict["verdict"] for _, verdict in sorted(verdicts(done).items())]
        assert found == ["accepted"] * 3 + ["not sent"] * 27
        assert (done.returncode, "does not answer" in done.stderr) == (2, True)
        bare.start("web", "web")
        again = command(bare, "import", str(folder), "--url", way.url, "--json")  # it is patient
        assert (again.returncode, lines(again)[-1]["sum"]) == (0, {"sent before": 3, "accepted": 27})


def test_a_gallery_that_restarts_in_an_upload_costs_no_file(bare: Gallery, folder: Path) -> None:
    for number in range(5):
        (folder / f"{number}.png").write_bytes(large())
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)

    def restart() -> None:
        bare.stop("web", signal.SIGKILL)
        bare.start("web", "web")

    with network(bare.port) as way:
        way.fail("POST /api/images", Fault(call=restart), times=1)
        done = command(bare, "import", str(folder), "--url", way.url, "--json", "--jobs", "2")
    assert done.returncode == 0
    assert len(images(bare)) == 5


# --- the end


def started(gallery: Gallery, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], cwd=ROOT, env=environment(gallery), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_ctrl_c_ends_an_import_soon_with_a_verdict_for_each_file(shared: Gallery, way: Network, folder: Path) -> None:
    for number in range(20):
        (folder / f"{number:02}.png").write_bytes(picture())
    way.fail("POST /api/images?name=05.png", answer(503), times=9)
    way.fail("GET /readyz", answer(503))
    run = started(shared, "import", str(folder), "--url", way.url, "--json", "--jobs", "1", "--patience", "600")
    until(lambda: way.count("POST /api/images?name=05.png"), 60)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    found = [verdict["verdict"] for _, verdict in sorted(verdicts(subprocess.CompletedProcess([], 0, out)).items())]
    assert found == ["accepted"] * 5 + ["not sent"] * 15
    assert (run.returncode, err.splitlines()[-1]) == (130, "Stopped. Run it again to go on.")


def test_ctrl_c_while_thumbnails_are_waited_for_reports_what_was_accepted(shared: Gallery, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())  # no worker runs
    run = started(shared, "import", str(folder), "--json", "--wait")
    until(lambda: holds(shared, (folder / "a.png").read_bytes()), 60)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=30)
    only(subprocess.CompletedProcess([], run.returncode, out), "accepted", 130)


def test_a_reader_of_the_verdicts_that_goes_ends_the_import_quietly(shared: Gallery, folder: Path) -> None:
    for number in range(50):
        (folder / f"{number:02}.png").write_bytes(picture(size=(20, 20)))
    run = started(shared, "import", str(folder))
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.readline()
    run.stdout.close()
    said = run.stderr.read()
    run.stderr.close()
    assert run.wait(60) == 1
    assert "Traceback" not in said


def test_verdicts_that_cannot_be_written_end_the_import_with_a_sentence(send: Import, folder: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    with Path("/dev/full").open("w") as full:
        done = send(capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, "No space left on device" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url",
    ["http://", "ftp://host/", "http://host:port/", "http://a b/", "http://[::1", "http://127.0.0.1:99999", "\udcff"],
)
def test_an_address_that_is_none_is_refused_at_once(send: Import, folder: Path, url: str) -> None:
    done = send("--url", url, "--patience", "600", timeout=60)
    assert (done.returncode, "is not the address of a gallery" in done.stderr) == (2, True)


def test_a_token_that_is_none_is_refused_at_once_and_not_shown(send: Import, folder: Path) -> None:
    done = send("--token", "sécret\n", timeout=60)
    assert (done.returncode, "cret" in done.stderr.replace("characters", "")) == (2, False)


def test_the_command_finds_a_gallery_on_ipv6_by_its_settings(bare: Gallery, folder: Path) -> None:
    bare.environ["GALLERY_HOST"] = "[::1]"
    bare.host = f"[::1]:{bare.port}"
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    assert "GB free" in command(bare, "status", "--patience", "0").stdout
