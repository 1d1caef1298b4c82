"""What is there of a HEIC or AVIF that is cut off or damaged: each of its tiles is decoded by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from PIL import Image

from pipeline.errors import CutOff, Unrenderable
from pipeline.images.containers.items import Items
from worker.engine.av1_part import part_of_av1
from worker.engine.heif_file import Coded
from worker.engine.hevc_part import part_of_hevc, whole_units
from worker.engine.hevc_size import coded_size

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

Size = tuple[int, int]
Decoder = Callable[[Coded], Image.Image | None]

_PARTS = {b"av01": part_of_av1, b"hvc1": part_of_hevc}
# A picture may be so many times as large as it states.
_MOST_OFF = 2
_ALPHA = (b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")


@dataclass(slots=True)
class Parts:
    """The whole of the picture, neither cropped nor turned, and the `gaps` in it, where nothing was found."""

    picture: Image.Image
    gaps: list[Box] = field(default_factory=list)
    cut_off: bool = False
    alpha_missing: bool = False


def parts_of(file: BinaryIO, items: Items, decoder: Decoder) -> Parts:
    """Decode every tile that is there.

    Raises `CutOff` if nothing of it is and the file ends too early, else `Unrenderable`.
    """
    return _Finder(file, file.seek(0, 2), items, decoder).find()


def lacks_tiles(file: BinaryIO, items: Items) -> bool:
    """Whether a HEIC has tiles that hold no picture: its decoder would show green in their place, and say nothing."""
    if items.kinds.get(items.primary) != b"grid":
        return False
    finder = _Finder(file, file.seek(0, 2), items, lambda _: None)
    # what lies in the table itself is not among the extents
    tiles = [tile for tile in items.tiles if items.kinds.get(tile) == b"hvc1" and tile in items.extents]
    return not all(finder.holds_a_picture(tile) for tile in tiles)


@dataclass(slots=True)
class _Finder:
    file: BinaryIO
    file_size: int
    items: Items
    decoder: Decoder
    cut_off: bool = False
    alpha_missing: bool = False

    def find(self) -> Parts:
        """All of it."""
        primary = self.items.primary
        tiles = self.items.tiles if self._is_grid(primary) else [primary]
        size, tile_size = self._size(primary), self._size(tiles[0])
        columns, rows = (-(-whole // part) for whole, part in zip(size, tile_size, strict=True))
        if columns * rows < len(tiles):
            raise Unrenderable
        picture, gaps, alphas = None, [], dict(self._alphas())
        for number in range(columns * rows):
            left, top = number % columns * tile_size[0], number // columns * tile_size[1]
            area = (left, top, min(left + tile_size[0], size[0]), min(top + tile_size[1], size[1]))
            sizes = []
            tile = tiles[number] if number < len(tiles) else None
            for part in self._tile(tile, alphas.get(tile), tile_size) if tile is not None else ():
                picture = _pasted(picture, part, (left, top), size)
                sizes.append(part.size)
            gaps += _around(sizes, area)
        if picture is None:
            raise CutOff(0) if self.cut_off else Unrenderable
        return Parts(picture, gaps, self.cut_off, self.alpha_missing)

    def holds_a_picture(self, item: int) -> bool:
        """Whether all the data of a tile is there, and of the right form."""
        data, whole = self._data(item)
        return whole and bool(whole_units(Coded(b"hvc1", data, self.items.properties.get(item, ()), (0, 0))))

    def _is_grid(self, item: int) -> bool:
        return self.items.kinds.get(item) == b"grid"

    def _size(self, item: int) -> Size:
        properties = dict(reversed(self.items.properties.get(item, ())))
        stated = properties.get(b"ispe", b"").ljust(12, b"\0")
        width, height = int.from_bytes(stated[4:8]), int.from_bytes(stated[8:12])
        if not width or not height:
            raise Unrenderable
        found = coded_size(properties.get(b"hvcC", b"")) or (width, height)
        # the bounds were kept by what is stated
        return found if found[0] * found[1] <= _MOST_OFF * width * height else (width, height)

    def _alphas(self) -> Iterator[tuple[int, int]]:
        """Each coded picture with the one that holds its transparency; of a grid, tile by tile."""
        for (kind, alpha), shown in self.items.references.items():
            if kind != b"auxl" or not self._is_alpha(alpha):
                continue
            for item in shown:
                if self._is_grid(item) and self._is_grid(alpha):
                    tiles = self.items.references.get((b"dimg", item), ())
                    yield from zip(tiles, self.items.references.get((b"dimg", alpha), ()), strict=False)
                else:
                    yield item, alpha

    def _is_alpha(self, item: int) -> bool:
        properties = self.items.properties.get(item, ())
        return any(name == b"auxC" and body[4:].startswith(_ALPHA) for name, body in properties)

    def _tile(self, item: int, alpha: int | None, size: Size) -> Iterator[Image.Image]:
        """What is there of a tile: parts of it, each from its left upper corner on."""
        parts = self._coded_parts(item, size)
        if alpha is None:
            yield from parts
            return
        transparency = next(self._coded_parts(alpha, size), None)
        if transparency is None or transparency.size != size:
            self.alpha_missing = True
            yield from parts
            return
        multiplied = any((b"prem", one) in self.items.references for one in (item, self.items.primary))
        for part in parts:
            yield _with_alpha(part, transparency, multiplied=multiplied)

    def _coded_parts(self, item: int, size: Size) -> Iterator[Image.Image]:
        kind = self.items.kinds.get(item, b"")
        if kind not in _PARTS:
            return
        data, whole = self._data(item)
        self.cut_off |= not whole
        coded = Coded(kind, data, self.items.properties.get(item, ()), size)
        if whole:
            if kind == b"hvc1":
                coded = replace(coded, data=whole_units(coded))
            picture = self.decoder(coded) if coded.data else None
            if picture is not None and picture.size == size:
                yield picture
        elif data:
            yield from _PARTS[kind](coded, self.decoder)

    def _data(self, item: int) -> tuple[bytes, bool]:
        """The bytes of an item, as far as they are there, and whether all are."""
        found = []
        for start, length in self.items.extents.get(item, ()):
            self.file.seek(min(start, self.file_size))
            found.append(self.file.read(min(length, self.file_size - self.file.tell())))
            if len(found[-1]) < length:
                return b"".join(found), False
        return b"".join(found), bool(found)


def _around(sizes: list[Size], area: Box) -> list[Box]:
    """What is left of an area beside parts of it that all begin at its left upper corner."""
    left, top, right, bottom = area
    gaps, x = [], left
    for width, _ in sorted(sizes):
        height = max(one[1] for one in sizes if one[0] >= width)
        gaps.append((x, top + height, left + width, bottom))
        x = left + width
    gaps.append((x, top, right, bottom))
    clipped = [(max(x, left), y, min(end, right), lower) for x, y, end, lower in gaps]
    return [gap for gap in clipped if gap[0] < gap[2] and gap[1] < gap[3]]


def _with_alpha(picture: Image.Image, alpha: Image.Image, *, multiplied: bool) -> Image.Image:
    bands = (*picture.convert("RGB").split(), alpha.getchannel(0).crop((0, 0, *picture.size)))
    return Image.merge("RGBa", bands).convert("RGBA") if multiplied else Image.merge("RGBA", bands)


def _pasted(
    canvas: Image.Image | None, part: Image.Image, place: tuple[int, int], size: tuple[int, int]
) -> Image.Image:
    if canvas is None and part.size == size:
        return part
    if canvas is None:
        canvas = Image.new(part.mode, size)
    elif part.mode == "RGBA" != canvas.mode:
        canvas = canvas.convert("RGBA")
    canvas.paste(part, place)
    return canvas
