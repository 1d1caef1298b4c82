"""What the camera knew is in the record: as exiftool reads it, without the place, and without what makes no sense."""

from __future__ import annotations

import io
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from pipeline.images.formats import identify
from tests.dated import KINDS, clock, tags_of, write_pictures
from tests.fuzz import mutated
from tests.planted import EXIFTOOL
from tests.product import Gallery
from tests.render_fixtures import encoded
from worker.engine.camera import LONGEST, NO_SENSE, CameraFacts, camera_facts

NIKON = ["Make=NIKON CORPORATION", "Model=NIKON D850", "LensModel=24-70mm f/2.8"]
SHOT = ["ExposureTime=1/250", "FNumber=2.8", "ISO=400", "FocalLength=35", "GPSLatitude=48.1", "GPSLatitudeRef=N"]
IN_XMP = ["XMP-tiff:Make=Apple", "XMP-tiff:Model=iPhone 15", "XMP-exifEX:LensModel=back camera"]
XMP = """<?xml version="1.0" encoding="{encoding}"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/"
 exif:DateTimeOriginal="{date}"/></rdf:RDF></x:xmpmeta>"""
# What exiftool writes into a file of every format, by name.
WRITTEN = {
    "zone": [*NIKON, *SHOT, "DateTimeOriginal=2019:07:14 18:03:22", "OffsetTimeOriginal=+02:00"],
    "no-zone": ["Make=Canon", "Model=Canon EOS R5", "ExposureTime=2.5", "DateTimeOriginal=2021:12:31 23:59:59"],
    "digitized": ["Make=Epson", "ExifIFD:CreateDate=1998:02:03 04:05:06", "ModifyDate=2024:01:01 00:00:00"],
    "xmp": [*IN_XMP, "XMP-exif:DateTimeOriginal=2016:02:29 12:00:00+09:00", "XMP-exif:FNumber=1.8", "XMP-exif:ISO=64"],
    "aux": ["XMP-aux:Lens=EF 50mm", "XMP-photoshop:DateCreated=2011:03:04 05:06:07", "XMP-exif:ExposureTime=1/3"],
    "no-date": [*NIKON, "FNumber=11"],
}  # fmt: skip
ASKED = ["DateTimeOriginal", "OffsetTimeOriginal", "CreateDate", "DateCreated", "Make", "Model", "LensModel", "Lens"]
ASKED += ["ExposureTime", "FNumber", "ISO", "FocalLength"]


def read(data: bytes) -> CameraFacts:
    kind = identify(data[:4096])
    assert kind is not None
    return camera_facts(io.BytesIO(data), kind)


def exif(**changes: Any) -> bytes:
    """A block of a whole camera, with the tags of its own directory changed."""
    found = Image.Exif()
    found[0x010F], found[0x0110] = "Apple", "iPhone 15"
    own = {
        "36867": "2019:07:14 18:03:22",
        "33434": IFDRational(1, 250),
        "33437": IFDRational(9, 5),
        "34855": 64,
        **changes,
    }
    found.get_ifd(0x8769).update({int(tag): value for tag, value in own.items()})
    return found.tobytes()


def jpeg(block: bytes) -> bytes:
    return encoded(Image.new("RGB", (32, 24), (90, 120, 30)), "JPEG", exif=block)


@pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")
def test_dates_cameras_and_exposures_are_those_that_exiftool_reads(tmp_path: Path) -> None:
    write_pictures(tmp_path, WRITTEN)
    told = tags_of(tmp_path, ASKED)
    assert len(told) == len(KINDS) * len(WRITTEN)
    for file in told:
        found = read(Path(file["SourceFile"]).read_bytes())
        assert (found.taken_at or "") == clock(file, "DateTimeOriginal", "DateCreated", "CreateDate"), file
        assert str(file.get("Model", "")) in (found.camera or ""), file
        assert (found.lens or "") == str(file.get("LensModel") or file.get("Lens") or ""), file
        shot = [f"{file['ExposureTime']} s"] if "ExposureTime" in file else []
        shot += [f"f/{file['FNumber']}".removesuffix(".0")] if "FNumber" in file else []
        shot += [f"ISO {file['ISO']}"] if "ISO" in file else []
        shot += [file["FocalLength"].replace(".0 ", " ")] if "FocalLength" in file else []
        assert (found.exposure or "") == ", ".join(shot), file


def test_a_maker_is_named_once() -> None:
    found = Image.Exif()
    for make, model, camera in (
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("OLYMPUS IMAGING CORP.", "E-M10", "OLYMPUS E-M10"),
        ("Canon", "Canon EOS R5\0junk", "Canon EOS R5"),
        ("Apple", "", "Apple"),
        ("", "X100V ", "X100V"),
    ):
        found[0x010F], found[0x0110] = make, model
        assert read(jpeg(found.tobytes())).camera == camera


@pytest.mark.parametrize(
    "date",
    ["0000:00:00 00:00:00", "1904:01:01 00:00:00", "1970:01:01 00:00:00", "2019:02:30 10:00:00", "2999:01:01 00:00:00",
     "1500:01:01 00:00:00", "yesterday"],
)  # fmt: skip
def test_a_date_that_makes_no_sense_is_left_out_with_a_note(date: str) -> None:
    found = read(jpeg(exif(**{"36867": date})))
    assert (found.taken_at, found.notes) == (None, (NO_SENSE,))
    assert found.camera == "Apple iPhone 15"


def test_a_date_that_is_not_known_needs_no_note() -> None:
    assert read(jpeg(exif(**{"36867": "    :  :     :  :  "}))).notes == ()
    assert read(jpeg(exif(**{"36867": ""}))).notes == ()


@pytest.mark.parametrize(
    ("date", "taken_at"),
    [("1965-06-01", "1965-06-01T00:00:00"), ("1965-06", None), ("1965", None), ("2019-07-14T18:03Z",
     "2019-07-14T18:03:00+00:00"), ("2019-07-14T18:03:22.25+99:99", "2019-07-14T18:03:22")],
)  # fmt: skip
def test_a_date_of_xmp_may_be_a_part_of_one(date: str, taken_at: str | None) -> None:
    packet = XMP.format(encoding="koi8-r", date=date).encode()
    found = read(encoded(Image.new("RGB", (32, 24)), "JPEG", xmp=packet))
    assert (found.taken_at, found.notes) == (taken_at, ())


def test_xmp_says_what_exif_does_not() -> None:
    packet = XMP.format(encoding="utf-8", date="1965-06-01").encode()
    dated = read(encoded(Image.new("RGB", (32, 24)), "JPEG", exif=exif(), xmp=packet))
    assert (dated.taken_at, dated.camera) == ("2019-07-14T18:03:22", "Apple iPhone 15")
    undated = read(encoded(Image.new("RGB", (32, 24)), "JPEG", exif=exif(**{"36867": ""}), xmp=packet))
    assert (undated.taken_at, undated.camera) == ("1965-06-01T00:00:00", "Apple iPhone 15")
    absurd = read(
        encoded(Image.new("RGB", (32, 24)), "JPEG", exif=exif(**{"36867": "0000:00:00 00:00:00"}), xmp=packet)
    )
    assert (absurd.taken_at, absurd.notes) == (None, (NO_SENSE,))


def test_an_exposure_is_written_as_people_write_it() -> None:
    assert read(jpeg(exif())).exposure == "1/250 s, f/1.8, ISO 64"


def test_what_is_out_of_all_bounds_is_left_out() -> None:
    found = read(
        jpeg(exif(**{"33434": IFDRational(0, 1), "33437": IFDRational(100_000, 1), "34855": 0, "42036": "x" * 5000}))
    )
    assert found.exposure is None
    assert found.lens == "x" * LONGEST


def test_damaged_metadata_fails_no_picture() -> None:
    random, whole = Random(5), jpeg(exif(**{"42036": "a lens"}))
    at = whole.index(b"Exif")
    length = int.from_bytes(whole[at - 2 : at]) - 2
    for _ in range(3000):
        found = read(
            whole[:at] + mutated(whole[at : at + length], random)[:length].ljust(length, b"\0") + whole[at + length :]
        )
        texts = [found.taken_at, found.camera, found.lens, found.exposure]
        assert all(text is None or (0 < len(text) <= LONGEST and text.isprintable()) for text in texts)


def test_a_record_says_when_and_with_what_but_not_where(gallery: Gallery) -> None:
    found = Image.Exif()
    found[0x010F], found[0x0110] = "Apple", "iPhone 15"
    found.get_ifd(0x8769).update(
        {36867: "2019:07:14 18:03:22", 36881: "+02:00", 33434: IFDRational(1, 250), 42036: "back camera"}
    )
    found.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 6.25), 3: "E", 4: (11.0, 34.0, 31.0)})
    data = encoded(Image.new("RGB", (90, 60), (20, 80, 160)), "JPEG", exif=found.tobytes())
    image_id = gallery.upload(data, "taken.jpg").json["id"]
    record = gallery.until_ended(image_id)
    assert {name: record[name] for name in ("taken_at", "camera", "lens", "exposure")} == {
        "taken_at": "2019-07-14T18:03:22+02:00",
        "camera": "Apple iPhone 15",
        "lens": "back camera",
        "exposure": "1/250 s",
    }
    written = [re.sub(r"t[\d:.]+z", "", path.read_text().lower()) for path in gallery.data.rglob("image.json")]
    assert written
    assert not [
        word for word in ("gps", "latitude", "location", "48.13", "11.57") if any(word in text for text in written)
    ]
    page = gallery.call("GET", f"/images/{image_id}").body.decode()
    for text in ("2019-07-14 18:03", "Apple iPhone 15", "back camera", "1/250 s"):
        assert f"<dd>{text}</dd>" in page
    plain = gallery.upload(encoded(Image.new("RGB", (60, 60), (1, 2, 3)), "PNG"), "plain.png").json["id"]
    assert gallery.until_ended(plain)["taken_at"] is None
