"""A full or failing volume: uploads get a named error, nothing half-written stays, and what was accepted waits."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Gallery, picture, until
from tests.pictures import undecodable
from tests.product import mounted, prepared


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Gallery]:
    """The running product on a file system of 64 MiB and 2,000 inodes, its processes bound by file permissions."""
    folder = tmp_path / "data"
    with mounted(folder, "size=64m,nr_inodes=2000") as mounts:
        if not mounts:
            pytest.skip("this user may not mount a file system")
        with prepared(folder, GALLERY_RESERVE_MB="8") as gallery:
            if shutil.which("setpriv") and os.geteuid() == 0:
                gallery.wrapper = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
            gallery.start("redis", "launcher.redis", GALLERY_DATA=str(tmp_path / "redis"))
            gallery.start_all()
            yield gallery


def fill(gallery: Gallery) -> None:
    with suppress(OSError), (gallery.data / "filler").open("wb") as file:
        while True:
            file.write(bytes(64 * 1024))


def use_up_inodes(gallery: Gallery) -> None:
    (gallery.data / "many").mkdir()
    with suppress(OSError):
        for number in range(5000):
            (gallery.data / "many" / str(number)).touch()


def clear(gallery: Gallery) -> None:
    (gallery.data / "filler").unlink(missing_ok=True)
    shutil.rmtree(gallery.data / "many", ignore_errors=True)


def remount(option: str) -> Callable[[Gallery], None]:
    def play(gallery: Gallery) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", str(gallery.data)], check=True)

    return play


def permit(mode: int) -> Callable[[Gallery], None]:
    def play(gallery: Gallery) -> None:
        for folder in ("incoming", "images", "pending", "hashes"):
            for path in [gallery.data / folder, *(gallery.data / folder).glob("*/")]:
                path.chmod(mode)

    return play


FAILURES: dict[str, tuple[Callable[[Gallery], None], Callable[[Gallery], None], int]] = {
    "no space": (fill, clear, 507),
    "no inodes": (use_up_inodes, clear, 507),
    "read-only": (remount("ro"), remount("rw"), 503),
    "permission denied": (permit(0o500), permit(0o700), 503),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_uploads_are_refused_by_name_and_what_was_accepted_waits(small: Gallery, failure: str) -> None:
    breaks, mends, status = FAILURES[failure]
    small.stop("worker.1")
    small.stop("worker.2")
    accepted = small.upload(picture("JPEG", (1500, 900))).json["id"]
    breaks(small)
    before = sorted(path.name for path in small.data.glob("*/*"))
    for _ in range(3):
        answer = small.upload(picture("JPEG", (1500, 900)))
        assert (answer.status, answer.json["status"]) == (status, status)
        assert "try again later" in answer.json["detail"]
    assert sorted(path.name for path in small.data.glob("*/*")) == before
    small.start("worker.1", "worker")
    # the worker meets the failing volume, and must neither fail the image nor end
    until(lambda: small.call("GET", "/healthz").status == 200, 60)
    with suppress(AssertionError):
        until(lambda: small.call("GET", f"/api/images/{accepted}").json["state"] != "pending", 60)
    record = small.call("GET", f"/api/images/{accepted}").json
    assert record["state"] in ("pending", "ready")
    assert small.processes["worker.1"].poll() is None
    mends(small)
    record = small.until_ended(accepted, 90)
    assert record["state"] == "ready"
    assert record["attempts"] == 1
    assert small.until_ended(small.upload(picture()).json["id"])["state"] == "ready"


def test_a_retry_on_a_full_volume_is_refused_by_name_however_it_is_asked_for(small: Gallery) -> None:
    image_id = small.upload(undecodable()).json["id"]
    assert small.until_ended(image_id)["state"] == "failed"
    small.stop("worker.1")
    small.stop("worker.2")
    fill(small)
    as_json = {"Content-Type": "application/json"}
    for path, body in (
        ("/api/retry-failed", b""),
        ("/api/retry", f'{{"ids": ["{image_id}"]}}'.encode()),
        (f"/api/images/{image_id}/retry", b""),
    ):
        answer = small.call("POST", path, body, as_json)
        assert (answer.status, answer.json["code"]) == (507, "volume-full"), path
        assert "no room left to make thumbnails" in answer.json["detail"]
        assert os.listdir(small.data / "pending") == [], f"{path} left the image in the outbox"
        assert os.listdir(small.data / "failed") == [image_id]
    clear(small)
    assert small.call("POST", f"/api/images/{image_id}/retry").status == 202
    small.start("worker.1", "worker")
    assert small.until_ended(image_id)["state"] == "failed"


def test_a_reserve_is_kept_for_the_renditions_of_what_was_accepted(small: Gallery) -> None:
    small.stop("worker.1")
    small.stop("worker.2")
    ids = []
    while (answer := small.upload(_heavy())).status == 201:
        ids.append(answer.json["id"])
    assert answer.status == 507
    small.start("worker.1", "worker")
    assert ids
    for image_id in ids:
        assert small.until_ended(image_id, 90)["state"] == "ready"


def _heavy() -> bytes:
    """A picture of some 4 MB, most of it a comment that no decoder looks at."""
    data = picture("GIF", (200, 100))
    comment = b"\x21\xfe" + (b"\xff" + os.urandom(255)) * 16_000 + b"\x00"
    return data[:-1] + comment + data[-1:]


def test_a_volume_that_is_gone_is_named_and_comes_back(gallery: Gallery) -> None:
    away = gallery.data.with_name("away")
    gallery.data.rename(away)
    gallery.data.mkdir()
    answer = gallery.upload(picture())
    assert (answer.status, answer.json["code"]) == (503, "volume-unavailable")
    assert gallery.call("GET", "/").status == 503
    assert gallery.call("GET", "/readyz").status == 503
    assert gallery.call("GET", "/healthz").status == 200
    gallery.data.rmdir()
    away.rename(gallery.data)
    assert gallery.until_ended(gallery.upload(picture()).json["id"], 90)["state"] == "ready"


def test_a_volume_may_have_spaces_and_quotes_in_its_name(tmp_path: Path) -> None:
    data = tmp_path / 'my "best" pictures'
    data.mkdir()
    with prepared(data) as gallery:
        gallery.start_all()
        assert gallery.until_ended(gallery.upload(picture()).json["id"])["state"] == "ready"


def test_nothing_of_the_gallery_can_be_read_by_others(bare: Gallery) -> None:
    bare.wrapper = ("sh", "-c", 'umask 0; exec "$@"', "sh")
    earlier = bare.data / "images" / "2020-01-01"
    earlier.mkdir(parents=True)
    (bare.data / "images").chmod(0o2755)
    bare.start_all()
    for data in (picture("JPEG"), picture("JPEG", (900, 900))[:3000]):
        bare.until_ended(bare.upload(data).json["id"])
    until(lambda: not os.listdir(bare.data / "pending"), 60)
    for name in ("worker.1", "worker.2"):
        bare.stop(name)  # their sweeps remove files
    paths = [path for path in bare.data.rglob("*") if path != earlier and not path.is_symlink()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert len(modes) > 20
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o027} == {}
    assert stat.S_IMODE((bare.data / "images").stat().st_mode) == 0o2750, "what a shared group needs stays"
