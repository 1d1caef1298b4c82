"""Some thousands of damaged files; `make fuzz` goes on for an hour."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz import Fuzz


def test_every_damaged_file_ends_as_a_picture_or_as_a_named_failure(tmp_path: Path) -> None:
    fuzz = Fuzz(seed=20, keep=tmp_path)
    fuzz.run(count=3000)
    assert fuzz.wrong == []
    assert sum(fuzz.ends.values()) == 3000
    assert fuzz.ends["ready"] > 300
    assert fuzz.ends["cannot-be-decoded"] > 300
