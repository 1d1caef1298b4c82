"""Every id has one place, and the names of its folders say which ids belong there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.volume.layout import Layout, bucket_names, ids_of_minute, is_day


@pytest.mark.parametrize(
    "image_id",
    [
        "01a2199e-4040-7416-b900-896b22091c71",
        "00000000-0000-7000-8000-000000000000",
        "0fffffff-ffff-7fff-bfff-ffffffffffff",
        "0000018d-ce51-7000-8000-000000000000",
        "018d7b1e-3fff-7fff-bfff-ffffffffffff",
    ],
)
def test_an_id_belongs_into_its_own_minute_alone(image_id: str) -> None:
    day, minute = bucket_names(image_id)
    assert Layout(Path("/v")).image(image_id) == Path("/v/images", day, minute, image_id)
    belongs = ids_of_minute(day, minute)
    assert belongs is not None
    assert belongs[0] <= image_id < belongs[1]
    other = ids_of_minute(day, f"{(int(minute[:2]) + 1) % 24:02}{minute[2:]}")
    assert other is not None
    assert not other[0] <= image_id < other[1]


@pytest.mark.parametrize(
    ("day", "minute"),
    [("2026-02-30", "0000"), ("2026-02-28.bak", "0000"), ("2026-2-28", "0000"), ("20260228", "0000"), ("", "0000"),
     ("2026-02-28", "2400"), ("2026-02-28", "0060"), ("2026-02-28", "000"), ("2026-02-28", "0000~"),
     ("٢٠٢٦-٠١-٠١", "0000")],
)  # fmt: skip
def test_what_is_no_day_and_no_minute_holds_no_image(day: str, minute: str) -> None:
    assert ids_of_minute(day, minute) is None
    assert is_day(day) == (minute != "0000" and day == "2026-02-28")
