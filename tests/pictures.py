"""Pictures to upload, made on the spot."""

from __future__ import annotations

import hashlib
import io
import secrets
from typing import Any

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 400), color: str = "", **options: Any) -> bytes:
    """A small generated picture: of one `color`, or else of four, different each time.

    Never twice the same: of one random colour each, a thousand JPEGs would have two alike every tenth time.
    """
    out = io.BytesIO()
    mode = "RGBA" if kind in ("PNG", "WEBP") else "RGB"
    image = Image.new(mode, size, color or f"#{secrets.token_hex(3)}")
    if not color:
        width, height = size[0] // 2, size[1] // 2
        for corner in ((0, 0), (width, 0), (0, height)):
            image.paste(f"#{secrets.token_hex(3)}", (*corner, corner[0] + width, corner[1] + height))
    image.save(out, kind, **options)
    return out.getvalue()


def pictures_apart(count: int) -> list[bytes]:
    """Pictures of which no two share the lock of their hashes: one thread may handle one while it holds another."""
    found: dict[str, bytes] = {}
    while len(found) < count:
        data = picture()
        found[hashlib.sha256(data).hexdigest()[:2]] = data
    return list(found.values())


def undecodable(kind: str = "JPEG", size: tuple[int, int] = (640, 400)) -> bytes:
    """A JPEG or PNG with a good header of which not a pixel can be decoded; different each time."""
    data = bytearray(picture(kind, size))
    if kind == "PNG":
        start = data.index(b"IDAT") + 4
        data[start : start + 64] = bytes(64)
    else:
        # the first component's quantization table is one that the file does not have
        data[data.index(b"\xff\xc0") + 12] = 3
    return bytes(data)
