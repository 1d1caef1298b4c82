"""The process that decodes is confined: whoever takes its decoder over gets nowhere, and all formats still render.

Whoever adds a format or an encoder adds a sample to `worker/render_process/samples`, and runs these.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import RendererDied
from pipeline.images.formats import Limits
from tests.attacks import ATTACKS
from tests.conftest import Gallery, free_port, until
from tests.fuzz import seeds
from tests.pictures import picture
from tests.samples import samples
from tests.test_metrics import workers
from worker.engine.picture import Rendition
from worker.render_process.renderer import Renderer
from worker.render_process.rendition_size import RenditionDecoder
from worker.render_process.warm_up import SAMPLES
from worker.sandbox import PARTS

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no list of system calls"),
]
Start = Callable[..., Renderer]
DENIED = (os.strerror(errno.EPERM), os.strerror(errno.EACCES))
# what Landlock denies by itself, though nothing filters system calls
FILES = {
    "read_a_file", "read_the_parents_environment", "read_the_parents_memory", "open_the_original_anew_for_writing",
    "create_a_file", "create_a_nameless_file", "make_and_remove_a_folder", "list_a_folder", "make_a_link",
    "start_a_program", "become_a_program", "signal_the_worker", "trace_the_worker", "read_the_workers_memory",
}  # fmt: skip
# what an unprivileged process may do, so that its denial says something
USUAL = FILES - {
    "read_the_parents_environment", "read_the_parents_memory", "trace_the_worker", "read_the_workers_memory",
    "become_a_program",
} | {
    "look_at_a_file", "change_folder", "make_memory_with_a_descriptor", "watch_files", "map_memory_to_execute",
    "make_memory_executable", "share_memory_that_no_bound_counts", "connect_by_tcp", "send_udp",
    "speak_to_a_unix_socket", "speak_to_the_kernel_by_netlink", "make_a_pair_of_sockets", "make_a_pipe", "fork",
    "signal_a_thread_of_the_worker", "hold_the_worker_by_a_descriptor", "raise_a_limit", "become_somebody",
    "outlive_the_worker", "share_memory_by_a_key",
}  # fmt: skip


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Start a render process: `start()` is the product's, `start("tests.attacks", *parts)` one that is taken over."""
    running: dict[tuple[str, ...], Renderer] = {}

    def get(*child: str) -> Renderer:
        child = child or ("worker.render_process.child",)
        if child not in running:
            running[child] = Renderer(Limits(), 60, lambda: None, child=child)
        running[child].start()
        return running[child]

    yield get
    for process in running.values():
        process.stop()


def outcome(process: Renderer, attack: str, folder: Path) -> str:
    path = folder / "original"
    path.write_text(attack)
    try:
        (said,) = process.render(path, lambda made: None).notes
    except RendererDied as death:
        return death.how
    return said


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_decoder_that_is_taken_over_gets_nowhere(start: Start, attack: str, tmp_path: Path) -> None:
    process = start("tests.attacks", *PARTS)
    assert outcome(process, attack, tmp_path) in DENIED
    assert (tmp_path / "original").read_text() == attack


@pytest.mark.parametrize("attack", sorted(USUAL))
def test_the_attacks_are_real(start: Start, attack: str, tmp_path: Path) -> None:
    assert outcome(start("tests.attacks"), attack, tmp_path) == "it succeeded"


@pytest.mark.parametrize("attack", sorted(FILES))
def test_landlock_alone_denies_files_signals_and_memory(start: Start, attack: str, tmp_path: Path) -> None:
    assert outcome(start("tests.attacks", "no_new_privs", "landlock"), attack, tmp_path) in DENIED


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_filter_of_system_calls_alone_denies_all(start: Start, attack: str, tmp_path: Path) -> None:
    assert outcome(start("tests.attacks", "no_new_privs", "seccomp"), attack, tmp_path) in DENIED


def test_the_confinement_is_seen_from_outside(start: Start) -> None:
    folder = Path(f"/proc/{start().pid}")
    status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines())
    assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
    assert (folder / "environ").read_bytes() in (b"", f"LD_LIBRARY_PATH={os.environ.get('LD_LIBRARY_PATH')}\0".encode())
    opened = {int(path.name): str(path.readlink()).partition(":")[0] for path in (folder / "fd").iterdir()}
    assert opened == {0: "/dev/null", 1: "/dev/null", 2: "/dev/null", 3: "socket", 4: f"/proc/{start().pid}/statm"}
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (folder / "limits").read_text().splitlines()}
    assert limits["Max file size"] == limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["8", "8"]


def test_the_doctor_has_renditions_decoded_by_a_confined_process(tmp_path: Path) -> None:
    decoder, path = RenditionDecoder(), tmp_path / "grid.webp"
    whole = picture("WEBP", (300, 200))
    path.write_bytes(whole)
    try:
        assert decoder.size(path) == (300, 200)
        pid = decoder.renderer.pid
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        for damaged in (whole[: len(whole) // 2], whole[:20] + bytes(len(whole) - 20), picture("PNG"), b""):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"\w"):
                decoder.size(path)
        path.unlink()
        with pytest.raises(FileNotFoundError):
            decoder.size(path)
    finally:
        decoder.stop()


def test_every_kind_of_file_ends_confined_as_it_does_free(start: Start, tmp_path: Path) -> None:
    free, confined = start("tests.children", "free"), start()
    pid = confined.pid
    for name, data in seeds().items():
        ends = []
        for process in (free, confined):
            (tmp_path / "original").write_bytes(data)
            made: list[Rendition] = []
            found = process.render(tmp_path / "original", made.append)
            ends.append((found, process.read_facts(tmp_path / "original"), made))
        assert ends[0] == ends[1], name
    assert confined.pid == pid


def test_the_samples_are_those_that_this_repository_makes() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(samples())


def test_a_picture_leaves_no_descriptor_open(start: Start, tmp_path: Path) -> None:
    process = start()
    (tmp_path / "original").write_bytes(picture())
    for _ in range(20):
        process.render(tmp_path / "original", lambda made: None)
    assert len(os.listdir(f"/proc/{process.pid}/fd")) == 5


@pytest.mark.parametrize("part", ["landlock", "seccomp"])
def test_a_worker_goes_on_without_what_the_kernel_lacks_and_says_so(bare: Gallery, part: str) -> None:
    bare.environ["GALLERY_METRICS_PORT"] = str(free_port())
    bare.log = bare.data.parent / "log"
    bare.start("redis", "launcher.redis")
    bare.start("web", "web")
    bare.wrapper = (sys.executable, "-m", "tests.without", part)
    bare.start("worker.1", "worker")
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    assert bare.until_ended(bare.upload(picture()).json["id"])["state"] == "ready"
    (line,) = [line for line in bare.log.read_text().splitlines() if "not confined" in line]
    assert json.loads(line)["missing"] == part
    samples = workers(bare)
    assert {one: samples[f'gallery_sandbox{{part="{one}"}}'] for one in PARTS} == {one: one != part for one in PARTS}


def test_a_worker_that_must_be_confined_does_not_start_otherwise(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.wrapper = (sys.executable, "-m", "tests.without", "landlock", "seccomp")
    bare.start("worker.1", "worker", GALLERY_REQUIRE_SANDBOX="1")
    assert bare.processes.pop("worker.1").wait(60) == 1
    assert "GALLERY_REQUIRE_SANDBOX is set, but this system lacks landlock, seccomp." in bare.log.read_text()


def test_a_worker_that_must_be_confined_works(bare: Gallery) -> None:
    bare.environ["GALLERY_REQUIRE_SANDBOX"] = "1"
    bare.start_all()
    assert bare.until_ended(bare.upload(picture("JPEG")).json["id"])["state"] == "ready"
