"""Pictures that others got wrong come out as their table says: through the running product, compared by pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.images.recipe import GRID, VIEW
from tests.cases import (
    Case,
    animations,
    coded_colours,
    cut_gif,
    cut_heif,
    cut_jpeg,
    cut_png,
    cut_tiles,
    cut_webp,
    exif,
    gain_maps,
    gifs,
    hdr,
    odd_png,
    png_clear,
    png_colours,
    premultiplied,
    sizes,
    small_faults,
    stored,
    strict,
    unwritten,
    words,
)
from tests.cases.compare import distance
from tests.product import Answer, Gallery, prepared

MEAN, MOST = 6.0, 30.0
_MODULES = (
    png_colours, png_clear, gifs, premultiplied, hdr, gain_maps, strict, cut_jpeg, cut_png, cut_gif, cut_webp, cut_heif,
    cut_tiles, unwritten, sizes, animations, exif, words, coded_colours, odd_png,
    small_faults,
)  # fmt: skip
MADE = [case for module in _MODULES for case in module.cases()]
ALL = [*stored(), *MADE]
ROUGH_MEAN, ROUGH_MOST = 12.0, 80.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """One product for all cases."""
    data: Path = tmp_path_factory.mktemp("cases") / "data"
    data.mkdir()
    with prepared(data) as gallery:
        gallery.start_all()
        yield gallery


def parameters(cases: list[Case]) -> list[Any]:
    marks = {case.name: [pytest.mark.xfail(reason=case.open, strict=True)] if case.open else [] for case in cases}
    return [pytest.param(case, id=case.name, marks=marks[case.name]) for case in cases]


@pytest.mark.parametrize("case", parameters(ALL))
def test_every_case_comes_out_as_its_table_says(case: Case, running: Gallery) -> None:
    answer = running.upload(case.data(), case.name)
    record = running.until_ended(answer.json["id"]) if answer.status < 400 else None
    end = record["state"] if record else "refused"
    assert end in case.ends, (record or answer.json, case.about)
    if record is None:
        check_refusal(case, answer)
    elif end == "failed":
        check_words(case, record["reason"]["code"], record["reason"]["message"])
    else:
        check_picture(case, record, running)


def check_refusal(case: Case, answer: Answer) -> None:
    assert 400 <= answer.status < 500
    assert case.status in (None, answer.status)
    check_words(case, answer.json["code"], answer.json["detail"])


def check_words(case: Case, code: str, sentence: str) -> None:
    assert case.code in ("", code)
    said = sentence.lower()
    assert len(said) > 20
    assert [word for word in case.never if word.lower() in said] == [], sentence
    assert [word for word in case.words if word.lower() not in said] == [], sentence


def check_picture(case: Case, record: Any, running: Gallery) -> None:
    assert any(case.note in note for note in record["notes"]) or not case.note, record["notes"]
    assert case.notes in (None, bool(record["notes"])), record["notes"]
    assert case.animated in (None, record["animated"])
    size = (record["width"], record["height"])
    assert case.size in (None, size)
    for name, longest in (("grid", GRID), ("view", VIEW)):
        with Image.open(io.BytesIO(running.call("GET", record["links"][name]).body)) as made:
            scale = min(1.0, longest / max(size))
            wanted = [side * scale for side in size]
            assert all(abs(a - b) <= 1 for a, b in zip(made.size, wanted, strict=True)), (made.size, size)
            if case.reference:
                found = distance(made, case.reference(), case.part)
                mean, most = (ROUGH_MEAN, ROUGH_MOST) if case.rough else (MEAN, MOST)
                assert found.mean <= mean, (name, found)
                assert found.most <= most, (name, found)
