"""Scaling: in premultiplied alpha, so that no dark fringes appear, and in strips, so that memory stays bounded."""

from __future__ import annotations

from PIL import Image

from pipeline.images.recipe import GAP
from worker.engine.decoded import Decoded

try:
    from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer
except ImportError:
    # No wheel for this kind of processor: Pillow's own filter is the same, and slower.
    _FAST_MODES: frozenset[str] = frozenset()
else:
    _FAST_MODES = frozenset({"L", "RGB", "RGBa", "CMYK"})

_STRIP_PIXELS = 2_000_000

Size = tuple[int, int]


def fitted_size(size: tuple[float, float], longest: int) -> Size:
    """The size with its longest side at most `longest`, never larger than before."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def view_of(source: Decoded, longest: int) -> Image.Image:
    """The picture scaled down to fit, in mode L, La, RGB, RGBa or CMYK, neither upright nor in sRGB yet."""
    factor = max(1, int(max(source.box) / longest / GAP))
    picture = _working(source.strips.strip(0, source.size[1])) if factor == 1 else _reduced(source, factor)
    target = fitted_size(source.box, longest)
    box = (0.0, 0.0, min(picture.width, source.box[0] / factor), min(picture.height, source.box[1] / factor))
    if target == picture.size:
        return picture
    return lanczos(picture, target, box)


def fitted(picture: Image.Image, longest: int) -> Image.Image:
    """An RGB or RGBA picture scaled down to fit, itself where it does already."""
    target = fitted_size(picture.size, longest)
    if target == picture.size:
        return picture
    whole = (0.0, 0.0, *map(float, picture.size))
    if picture.mode == "RGBA":
        return lanczos(picture.convert("RGBa"), target, whole).convert("RGBA")
    return lanczos(picture, target, whole)


def lanczos(picture: Image.Image, size: Size, box: tuple[float, ...]) -> Image.Image:
    """What lies in `box` (left, top, right, bottom) at another size."""
    left, top, right, bottom = box
    if picture.mode not in _FAST_MODES:
        return picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom))
    made = Image.new(picture.mode, size)
    options = ResizeOptions(
        resize_alg=ResizeAlg.convolution(FilterType.lanczos3),
        use_alpha=False,
        crop_box=CropBox(left, top, right - left, bottom - top),
    )
    Resizer().resize_pil(picture, made, options)
    return made


def _reduced(source: Decoded, factor: int) -> Image.Image:
    """The means of `factor` × `factor` pixels, strip by strip."""
    width, height = source.size
    rows = factor * max(1, _STRIP_PIXELS // (width * factor))
    canvas: Image.Image | None = None
    for top in range(0, height, rows):
        strip = _working(source.strips.strip(top, min(height, top + rows))).reduce(factor)
        if canvas is None:
            canvas = Image.new(strip.mode, (strip.width, -(-height // factor)))
        canvas.paste(strip, (0, top // factor))
    assert canvas is not None
    return canvas


def _working(picture: Image.Image) -> Image.Image:
    """In the mode to compute in: eight bits, no palette, alpha premultiplied."""
    if picture.mode.startswith("I"):
        grey = picture.point(lambda value: value / 256).convert("L")
        if (clear := picture.info.get("transparency")) is None:
            return grey
        opaque = [255] * 65536
        opaque[clear] = 0
        return Image.merge("LA", (grey, picture.convert("I").point(opaque, "L"))).convert("La")
    if picture.mode == "RGBa":
        return picture
    if "transparency" in picture.info or picture.mode in ("RGBA", "PA"):
        return picture.convert("RGBA").convert("RGBa")
    if picture.mode == "LA":
        return picture.convert("La")
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")
