"""Pictures that are hard to get right, each with what must come out of it: a table beside files, or made by code.

`Case` is one of them; `stored()` reads `pictures/cases.toml`, and the modules beside this one make more.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

Part = tuple[float, float, float, float]

FOLDER = Path(__file__).parent / "pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file, and what must come out of it.

    `ends` are the ends that are right: `ready`, `failed` (accepted, then no thumbnail) or `refused` (at the door, with
    `status` if that is set). A ready image has `size` in its record, and looks as `reference` does: only in `part`
    of it (left, top, right and bottom, 0 to 1), only roughly if `rough` is set. One of its notes has the words of
    `note`; with `notes` set to False there is none. The reason of the others has the `words` and none of `never`, in
    any case of letters. `open` says why a case does not hold yet: it must fail then.
    """

    name: str
    kind: str
    data: Callable[[], bytes]
    ends: tuple[str, ...] = ("ready",)
    about: str = ""
    size: tuple[int, int] | None = None
    reference: Callable[[], Image.Image] | None = None
    part: Part = (0.0, 0.0, 1.0, 1.0)
    rough: bool = False
    animated: bool | None = None
    note: str = ""
    notes: bool | None = None
    status: int | None = None
    code: str = ""
    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    open: str = ""


def stored() -> list[Case]:
    """The cases of `pictures/cases.toml`."""
    table = tomllib.loads((FOLDER / "cases.toml").read_text())
    return [_from_row(row) for row in table["case"]]


def _from_row(row: dict[str, Any]) -> Case:
    name = row.pop("file")
    if reference := row.pop("reference", None):
        row["reference"] = partial(_reference, reference)
    if rows := row.pop("rows", None):
        row["part"] = (0.0, 0.0, 1.0, rows)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Case(name=name, data=(FOLDER / name).read_bytes, **values)


def _reference(name: str) -> Image.Image:
    with Image.open(FOLDER / "references" / name) as picture:
        picture.load()
        return picture
