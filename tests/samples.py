"""`python -m tests.samples`: make the pictures of `worker/render_process/samples`, by which a render process warms up.

Each is small, and wide enough that both renditions are scaled. Together they reach every path of the engine that
loads something on first use.
"""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageCms

from tests.render_fixtures import encoded, scene
from worker.render_process.warm_up import SAMPLES

_WIDE, _SMALL = (1700, 16), (48, 32)


def samples() -> dict[str, bytes]:
    """The files by their names."""
    wide, small = scene(_WIDE), scene(_SMALL)
    clear, wide_clear = small.convert("RGBA"), wide.convert("RGBA")
    clear.putalpha(small.convert("L"))
    wide_clear.putalpha(wide.convert("L"))
    exif = Image.Exif()
    exif[0x0112] = 6
    about: dict[str, Any] = {
        "exif": exif.tobytes(),
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    frames: dict[str, Any] = {"save_all": True, "append_images": [small.rotate(180)], "duration": 40}
    return {
        "photo.jpg": encoded(wide, "JPEG", quality=30, **about),
        "printed.jpg": encoded(small.convert("CMYK"), "JPEG", progressive=True),
        "pair.jpg": encoded(small, "MPO", save_all=True, append_images=[small]),
        "clear.png": encoded(wide_clear.quantize(8), "PNG", **about),
        "deep.png": encoded(Image.new("I;16", _SMALL, 999), "PNG"),
        "moving.png": encoded(clear, "PNG", **frames),
        "moving.gif": encoded(small, "GIF", **frames),
        "moving.webp": encoded(clear, "WEBP", **frames),
        "photo.webp": encoded(small, "WEBP", **about),
        "photo.heic": encoded(clear, "HEIF", quality=30, **about),
        "photo.avif": encoded(clear, "AVIF", quality=30, **about),
    }


def main() -> None:
    """Write them."""
    SAMPLES.mkdir(exist_ok=True)
    for name, data in samples().items():
        (SAMPLES / name).write_bytes(data)


if __name__ == "__main__":
    main()
