"""The counts of the days."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.pictures import picture
from tests.product import Gallery


def test_the_days_count_their_images_and_mark_every_so_many(gallery: Gallery) -> None:
    ids = [gallery.upload(picture()).json["id"] for _ in range(45)]
    newest_first = sorted(ids, reverse=True)
    (day,) = gallery.call("GET", "/api/days?every=20").json["days"]
    assert day["day"] == datetime.now(UTC).date().isoformat()
    assert day["count"] == 45
    assert day["first"] == newest_first[0]
    assert day["marks"] == [newest_first[20], newest_first[40]]
    page = gallery.call("GET", f"/api/images?before={newest_first[19]}&limit=1").json
    assert page["images"][0]["id"] == day["marks"][0]


def test_marks_must_not_lie_too_close(gallery: Gallery) -> None:
    assert gallery.call("GET", "/api/days?every=3").status == 400
    assert gallery.call("GET", "/api/days?every=x").status == 400
