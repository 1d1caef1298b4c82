"""When pictures were taken, and their days, are what exiftool reads from their files."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from pipeline.ids import made_at, new_id
from pipeline.images.formats import HEAD_BYTES, identify
from pipeline.records import Record, State
from pipeline.times import format_rfc3339
from pipeline.volume.layout import Layout
from tests.conftest import until
from tests.dated import PICTURES, told, tree
from tests.indexes import is_whole, pages
from tests.planted import EXIFTOOL
from tests.product import web_alone
from worker.engine.camera import NO_SENSE, camera_facts


def put(layout: Layout, data: bytes, name: str, date: str) -> Record:
    """An image on the volume with what its camera knew, which is `date` unless that makes no sense."""
    format_ = identify(data[:HEAD_BYTES])
    assert format_ is not None
    image_id = new_id()
    facts, absurd = camera_facts(io.BytesIO(data), format_), name.startswith("absurd")
    assert (facts.taken_at or "", facts.notes) == (("", (NO_SENSE,)) if absurd else (date, ())), name
    received_at = format_rfc3339(made_at(image_id))
    record = Record(image_id, name, format_, len(data), 32, 24, "", received_at, State.READY, taken_at=facts.taken_at)
    layout.image(image_id).mkdir(parents=True)
    layout.record(image_id).write_bytes(record.to_json())
    return record


@pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")
def test_dates_and_days_of_a_thousand_pictures_are_those_that_exiftool_reads(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    tree(tmp_path / "tree", Random(7))
    dates = told(tmp_path / "tree")
    layout = Layout(tmp_path / "data")
    records = [put(layout, (tmp_path / "tree" / name).read_bytes(), name, date) for name, date in dates.items()]
    clocks = {record.name: dates[record.name] if record.taken_at else record.received_at for record in records}
    with web_alone(tmp_path / "data") as gallery:
        until(lambda: is_whole(gallery), 60)
        days = gallery.call("GET", "/api/days?by=taken").json["days"]
        assert {day["day"]: day["count"] for day in days} == Counter(clock[:10] for clock in clocks.values())
        found = [clocks[record["name"]][:19] for record in pages(gallery, "sort=taken", limit=400)]
    assert len(found) == PICTURES
    assert found == sorted(found, reverse=True)
