"""The largest files that are accepted, of every format."""

from __future__ import annotations

import struct

from PIL import Image

from tests.render_fixtures import encoded


def large() -> dict[str, tuple[bytes, str]]:
    """Files near the bound of each format, and one whose header lies; each with its end (empty: either)."""

    def flat(megapixels: float, mode: str = "RGB") -> Image.Image:
        side = int((megapixels * 1e6) ** 0.5)
        return Image.new(mode, (side, side), 90)

    lying = encoded(flat(30), "AVIF", speed=10)
    at = lying.index(b"ispe") + 8
    lying = lying[:at] + struct.pack(">II", 640, 480) + lying[at + 8 :]
    return {
        "a 200-megapixel baseline JPEG": (encoded(flat(200), "JPEG", quality=50), "ready"),
        "a progressive JPEG": (encoded(flat(47), "JPEG", progressive=True, subsampling=0), "ready"),
        "a PNG": (encoded(flat(82), "PNG", compress_level=1), "ready"),
        "a grey 16-bit PNG": (encoded(flat(120, "I;16"), "PNG", compress_level=1), "ready"),
        "a GIF": (encoded(flat(120, "P"), "GIF"), "ready"),
        "a WebP": (encoded(flat(27), "WEBP", method=0), "ready"),
        "a lossless WebP": (encoded(flat(27), "WEBP", lossless=True, quality=0, method=0), "ready"),
        "a HEIC": (encoded(flat(40), "HEIF", quality=10, enc_params={"preset": "ultrafast"}), "ready"),
        "an AVIF": (encoded(flat(39), "AVIF", speed=10), "ready"),
        "an AVIF that is larger than it says": (lying, ""),
    }
