"""File names in a form, as browsers and as older programs write them."""

from __future__ import annotations

import pytest

from tests.conftest import Gallery
from tests.pictures import picture

EDGE = "an-edge-that-no-picture-has"


def form(field: bytes, data: bytes) -> bytes:
    head = b'--%s\r\nContent-Disposition: form-data; name="file"; %s\r\nContent-Type: image/png\r\n\r\n'
    return head % (EDGE.encode(), field) + data + f"\r\n--{EDGE}--\r\n".encode()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('filename="Müller groß.png"'.encode("latin-1"), "Müller groß.png"),
        ('filename="Müller groß.png"'.encode(), "Müller groß.png"),
        (b"filename*=ISO-8859-1''M%FCller.png", "Müller.png"),
        (b"filename*=UTF-8''M%C3%BCller.png", "Müller.png"),
        ("filename=\"été.png\"; filename*=UTF-8''%C3%A9t%C3%A9.png".encode("latin-1"), "été.png"),
    ],
)
def test_a_name_in_latin_1_is_accepted_as_one_in_utf_8_is(gallery: Gallery, field: bytes, name: str) -> None:
    content = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    answer = gallery.call("POST", "/api/images", form(field, picture()), content)
    assert (answer.status, answer.json["name"]) == (201, name)
    data = picture()
    gallery.call("POST", "/upload", form(field, data), content)
    (newest, *_) = gallery.call("GET", "/api/images").json["images"]
    assert (newest["name"], newest["bytes"]) == (name, len(data))
