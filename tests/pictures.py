"""Pictures to upload, made on the spot."""

from __future__ import annotations

import io
import secrets
from typing import Any

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 400), color: str = "", **options: Any) -> bytes:
    """A small generated picture, different each time."""
    out = io.BytesIO()
    mode = "RGBA" if kind in ("PNG", "WEBP") else "RGB"
    Image.new(mode, size, color or f"#{secrets.token_hex(3)}").save(out, kind, **options)
    return out.getvalue()
