"""`python -m tests.differential.vips`: libvips in a process of its own, which a damaged file may end.

A picture comes in as a byte (1: nothing may be wrong with it), its length (4 bytes) and its bytes; what goes out is a
length and, after a JSON line, RGBA.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import Any

import pyvips

from pipeline.images.recipe import VIEW


def shown(data: bytes, strict: bool) -> tuple[dict[str, Any], bytes]:
    """The picture as libvips shows it in a square of the view's size: what is known of it, and RGBA."""
    try:
        if strict:  # a thumbnail is made of whatever is there
            pyvips.Image.new_from_buffer(data, "", fail_on="warning", access="sequential").avg()
        picture = pyvips.Image.thumbnail_buffer(
            data,
            VIEW,
            height=VIEW,
            size="down",
            input_profile="srgb",
            output_profile="srgb",
        )
        picture = picture.colourspace("srgb")
        if picture.hasalpha():
            alpha = picture[picture.bands - 1]
            picture = picture[0:3].cast("uchar").bandjoin(alpha.cast("uchar"))
        else:
            picture = picture[0:3].cast("uchar").addalpha()
        return {"width": picture.width, "height": picture.height}, picture.write_to_memory()
    except pyvips.Error as error:
        return {"error": str(error).strip()}, b""


def main() -> None:
    """Answer until nobody asks any more."""
    pyvips.cache_set_max(0)
    while len(head := sys.stdin.buffer.read(5)) == 5:
        strict, length = struct.unpack(">?I", head)
        about, pixels = shown(sys.stdin.buffer.read(length), strict)
        answer = json.dumps(about).encode() + b"\n" + pixels
        sys.stdout.buffer.write(struct.pack(">I", len(answer)) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
