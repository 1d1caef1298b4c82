"""What people type into the search field is understood as they mean it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from pipeline.images.formats import Format
from pipeline.records import State
from web.typed import Typed, understood

TODAY = date(2026, 11, 27)
JULY = {"first": date(2019, 7, 1), "last": date(2019, 7, 31)}
FOURTEENTH = {"first": date(2019, 7, 14), "last": date(2019, 7, 14)}
DATES: dict[str, dict[str, Any]] = {
    "2019": {"first": date(2019, 1, 1), "last": date(2019, 12, 31)},
    **dict.fromkeys(["July 2019", "jul 2019", "2019 july", "2019-07", "2019-7"], JULY),
    **dict.fromkeys(["14 July 2019", "14th jul 2019", "July 14, 2019", "14. July 2019", "14.7.2019"], FOURTEENTH),
    "2019-07-14": FOURTEENTH,
    "july": {"first": date(2026, 7, 1), "last": date(2026, 7, 31)},
    "december": {"first": date(2025, 12, 1), "last": date(2025, 12, 31)},
    "28 november": {"first": date(2025, 11, 28), "last": date(2025, 11, 28)},
    "29 feb": {"first": date(2024, 2, 29), "last": date(2024, 2, 29)},
    "yesterday": {"first": TODAY - timedelta(days=1), "last": TODAY - timedelta(days=1)},
    "2018 to 2020": {"first": date(2018, 1, 1), "last": date(2020, 12, 31)},
    "may 2018 – 14.7.2019": {"first": date(2018, 5, 1), "last": date(2019, 7, 14)},
}


@pytest.mark.parametrize("text", DATES)
def test_dates_are_understood_as_people_type_them(text: str) -> None:
    assert understood(text, TODAY) == Typed(**DATES[text])
    assert understood(f"Beach {text.upper()} heic", TODAY) == Typed(("Beach",), format=Format.HEIC, **DATES[text])


def test_states_and_formats_are_understood_and_all_else_is_part_of_a_name() -> None:
    assert understood("failed JPG", TODAY) == Typed(state=State.FAILED, format=Format.JPEG)
    assert understood("waiting", TODAY) == Typed(state=State.PENDING)
    for text in ("IMG 9999", "EOS 1200D", "0000-01", "ju 12", "to - until", "x" * 200, "²0¹9 २०१९"):
        assert understood(text, TODAY) == Typed(tuple(text.split()))
    assert understood("31 june 2019", TODAY).words == ("31",)
    assert understood(" \t ", TODAY) == Typed()


def test_what_is_in_quotation_marks_is_part_of_a_name() -> None:
    assert understood('"failed" "july 2019" heic', TODAY) == Typed(("failed", "july", "2019"), format=Format.HEIC)
    assert understood('"may', TODAY) == Typed(("may",))
    assert understood('""', TODAY) == Typed()
