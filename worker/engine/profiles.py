"""ICC profiles made from primaries and a curve, in memory: for colours that a file describes without a profile."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence

Point = tuple[float, float]
Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]
Chromaticities = tuple[Point, Point, Point, Point]
"""CIE 1931 x and y of white, red, green and blue."""

# D50 as profiles have it, and Bradford's matrix, by which whites are adapted to each other (ICC.1:2022, annex E).
_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_STEPS = 4096
_LARGEST = 32767.0


def matrix_profile(colours: Chromaticities, curve: Callable[[float], float]) -> bytes | None:
    """An RGB profile (ICC.1:2001-04) whose three curves turn values of 0 to 1 into light.

    None if the chromaticities make no colour space: white without light, or primaries on one line.
    """
    adapted = to_d50(colours)
    if adapted is None:
        return None
    levels = [round(65535 * min(1.0, max(0.0, curve(step / (_STEPS - 1))))) for step in range(_STEPS)]
    steps = b"curv" + bytes(4) + struct.pack(f">I{_STEPS}H", _STEPS, *levels)
    points = zip((b"rXYZ", b"gXYZ", b"bXYZ"), zip(*adapted, strict=True), strict=True)
    tags = {name: b"XYZ " + bytes(4) + _fixed(point) for name, point in points}
    return _packed({**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), steps)})


def table_profile(nodes: int, table: Sequence[Row]) -> bytes:
    """An RGB profile of a table of CIE XYZ (D50, 0 to 1), `nodes` along each axis, of which blue's runs fastest."""
    head = b"mft2" + bytes(4) + bytes((3, 3, nodes, 0))
    head += _fixed([float(place % 4 == 0) for place in range(9)])
    straight = struct.pack(">HH", 0, 65535) * 3
    values = [min(65535, max(0, round(32768 * value))) for row in table for value in row]
    cells = struct.pack(f">{len(values)}H", *values)
    return _packed({b"A2B0": head + struct.pack(">HH", 2, 2) + straight + cells + straight})


def _packed(tags: dict[bytes, bytes]) -> bytes:
    """A profile of a display, of version 2 (ICC.1:2001-04)."""
    tags = {b"wtpt": b"XYZ " + bytes(4) + _fixed(_D50), **tags}
    at, index, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        index += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(_D50)
    return head.ljust(128, b"\0") + index + body


def to_d50(colours: Chromaticities) -> Matrix | None:
    """From linear RGB to CIE XYZ, in which white has Y = 1 and is adapted to D50; None if there is no such space."""
    matrix = _to_xyz(colours)
    cone = inverse(_BRADFORD)
    if matrix is None or cone is None:
        return None
    here = apply(_BRADFORD, apply(matrix, (1.0, 1.0, 1.0)))
    there = apply(_BRADFORD, _D50)
    if not all(here):
        return None
    gains = [b / a for a, b in zip(here, there, strict=True)]
    scaled: Matrix = tuple(tuple(v * gain for v in row) for row, gain in zip(_BRADFORD, gains, strict=True))  # type: ignore[assignment]
    adapted = product(product(cone, scaled), matrix)
    fits = all(math.isfinite(value) and abs(value) < _LARGEST for row in adapted for value in row)
    return adapted if fits else None


def inverse(matrix: Matrix) -> Matrix | None:
    """The inverse; None if there is none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-9:
        return None
    return (
        ((e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant),
        ((f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant),
        ((d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant),
    )


def product(one: Matrix, other: Matrix) -> Matrix:
    """The matrix that applies `other` first, then `one`."""
    columns = [apply(one, column) for column in zip(*other, strict=True)]
    return tuple(zip(*columns, strict=True))  # type: ignore[return-value]


def apply(matrix: Matrix, vector: Row) -> Row:
    """The matrix times the vector."""
    one, two, three = (row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2] for row in matrix)
    return one, two, three


def _to_xyz(colours: Chromaticities) -> Matrix | None:
    """As `to_d50`, before white is adapted."""
    (x, y), *primaries = colours
    if not y:
        return None
    columns = [(px, py, 1 - px - py) for px, py in primaries]
    mixing: Matrix = tuple(zip(*columns, strict=True))  # type: ignore[assignment]
    if (unmixing := inverse(mixing)) is None:
        return None
    strength = apply(unmixing, (x / y, 1.0, (1 - x - y) / y))
    return tuple(tuple(m * s for m, s in zip(row, strength, strict=True)) for row in mixing)  # type: ignore[return-value]


def _fixed(numbers: Sequence[float]) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(65536 * value) for value in numbers))
