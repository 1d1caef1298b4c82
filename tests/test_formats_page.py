"""docs/formats.md names every format and every remark that the engine makes."""

from __future__ import annotations

import pytest

from pipeline.images.formats import Format
from tests.product import ROOT
from worker.engine import camera, colour, notes

PAGE = (ROOT / "docs" / "formats.md").read_text()
REMARKS = [value for name, value in vars(notes).items() if name.isupper() and isinstance(value, str)]


@pytest.mark.parametrize("format_", Format)
def test_every_format_has_its_row(format_: Format) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| {format_.label}") and line.count("|") == 6]
    assert len(rows) == 1, rows


@pytest.mark.parametrize("remark", [*REMARKS, colour.DAMAGED, colour.UNFIT, camera.NO_SENSE])
def test_every_remark_is_on_the_page(remark: str) -> None:
    assert f"| {remark} |" in PAGE


@pytest.mark.parametrize("cut_off", [True, False])
def test_the_remark_on_missing_rows_is_on_the_page(cut_off: bool) -> None:
    assert f"| {notes.missing_rows(0.4, 1, cut_off=cut_off)} |" in PAGE
    assert f"| {notes.missing_alpha(cut_off=cut_off)} |" in PAGE


def test_the_remarks_on_missing_tiles_are_on_the_page() -> None:
    assert f"| {notes.missing_columns(0.4, 1, cut_off=True)} |" in PAGE
    assert f"| {notes.missing_part(0.4, cut_off=False)} |" in PAGE
