"""Both renditions of one picture as an ordinary task makes them with Pillow. It imports nothing of the product, so
that it runs beside other queues as well."""

from __future__ import annotations

from PIL import Image, ImageOps


def thumbnails(source: str, target: str, effort: int) -> None:
    """Write `<target>.grid.webp` and then `<target>.view.webp`, without a flush."""
    with Image.open(source) as picture:
        ImageOps.exif_transpose(picture, in_place=True)
        picture.thumbnail((1600, 1600))
        view = picture.convert("RGB")
    grid = view.copy()
    grid.thumbnail((480, 480))
    grid.save(f"{target}.grid.webp", quality=80, method=effort)
    view.save(f"{target}.view.webp", quality=80, method=effort)
