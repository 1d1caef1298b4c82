"""Finding pictures by what their cameras knew, with the API and from the command line."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.commands import command, lines
from tests.conftest import Gallery, picture, until
from tests.indexes import page, pages
from tests.pictures import undecodable

_MODEL, _CAMERA, _TAKEN = 0x0110, 0x8769, 0x9003
# name, what the camera's clock showed, camera
SHOTS = (
    ("beach-1.jpg", "2019:07:14 18:03:22", "PENTAX K-5"),
    ("beach-2.jpg", "2019:07:31 23:59:59", "PENTAX K-5"),
    ("old.jpg", "1998:01:02 03:04:05", "Kodak DC210"),
    ("tomorrow-there.jpg", "2019:08:01 00:00:00", "PENTAX K-5"),
)


def shot(taken: str, camera: str) -> bytes:
    exif = Image.Exif()
    exif[_MODEL] = camera
    exif.get_ifd(_CAMERA)[_TAKEN] = taken
    return picture("JPEG", exif=exif)


@pytest.fixture
def album(gallery: Gallery) -> Gallery:
    """Four dated pictures, one without a date, and one that has failed."""
    files = [(shot(taken, camera), name) for name, taken, camera in SHOTS]
    files += [(picture("WEBP"), "undated.webp"), (undecodable(), "broken-beach.jpg")]
    ids = []
    for data, name in files:
        ids.append(gallery.upload(data, name).json["id"])
        gallery.until_ended(ids[-1])
    gallery.until_listed(*ids)
    until(lambda: page(gallery)["complete"] and len(pages(gallery, "sort=taken&to=2020-01-01")) == len(SHOTS), 60)
    return gallery


def names(found: list[dict[str, str]]) -> list[str]:
    return [record["name"] for record in found]


def test_pictures_are_found_by_when_and_with_what_they_were_taken(album: Gallery) -> None:
    in_order = ["tomorrow-there.jpg", "beach-2.jpg", "beach-1.jpg", "old.jpg"]
    assert names(pages(album, "sort=taken", limit=1))[2:] == in_order
    assert names(pages(album, "sort=taken&from=2019-07-01&to=2019-07-31")) == ["beach-2.jpg", "beach-1.jpg"]
    assert names(pages(album, "sort=taken&q=pentax")) == in_order[:3]
    assert names(pages(album, "q=pentax+beach")) == ["beach-2.jpg", "beach-1.jpg"]
    assert names(pages(album, "q=beach&state=failed")) == ["broken-beach.jpg"]
    assert names(pages(album, "format=webp&sort=taken")) == ["undated.webp"]
    days = album.call("GET", "/api/days?by=taken").json["days"]
    assert {day["day"]: day["count"] for day in days[1:]} == {
        "2019-08-01": 1, "2019-07-31": 1, "2019-07-14": 1, "1998-01-02": 1,
    }  # fmt: skip
    assert days[0]["count"] == 2
    assert names(page(album, f"sort=taken&after={days[3]['first']}")["images"])[0] == "beach-2.jpg"

    def listed(*arguments: str) -> list[str]:
        done = command(album, "list", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return names(lines(done))

    assert listed("--taken", "2019-07") == ["beach-2.jpg", "beach-1.jpg"]
    assert listed("--taken", "1998..2019-7-14") == ["beach-1.jpg", "old.jpg"]
    assert listed("--sort", "taken", "--limit", "2", "-q", "beach") == ["broken-beach.jpg", "beach-2.jpg"]
    assert listed("--state", "failed", "-q", "beach") == ["broken-beach.jpg"]
    assert len(listed()) == 6
    plain = command(album, "list", "--taken", "2019-07-14").stdout
    assert plain.split()[1:] == ["2019-07-14T18:03:22", "ready", "beach-1.jpg"]
    (failed,) = page(album, "state=failed")["images"]
    plain = command(album, "list", "--state", "failed").stdout
    assert plain.rstrip("\n").split("  ")[2:] == ["failed", f"broken-beach.jpg: {failed['reason']['message']}"]
    for wrong in (("--taken", "2019-13"), ("--taken", "2019-07-00"), ("--taken", "2019", "--received", "2019")):
        assert command(album, "list", *wrong).returncode == 2
