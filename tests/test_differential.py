"""Our pictures beside a second decoder's; `make differential` goes on for as long as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.decoders import HAS_VIPS, HEIF_PROGRAM, NO_HEIF_PROGRAM, NO_VIPS
from tests.differential.run import Differential, File, damaged_files, whole_files
from tests.test_cases import ALL

# Of a larger file an accident costs as much time and finds no more.
_BYTES = 40_000
_SECONDS = 25


pytestmark = pytest.mark.skipif(not HAS_VIPS, reason=NO_VIPS)


@pytest.fixture(scope="module")
def files() -> list[File]:
    return list(whole_files(ALL))


@pytest.fixture(autouse=True)
def say_what_is_missing() -> None:
    if not HEIF_PROGRAM:
        print(f"skipped: {NO_HEIF_PROGRAM}")


def test_whole_files_look_as_a_second_decoder_shows_them_or_there_is_a_reason(
    files: list[File], tmp_path: Path
) -> None:
    run = Differential(tmp_path)
    run.run(files)
    print(run.report())
    assert run.wrong == []
    assert run.ends["alike"] > 60


def test_damaged_files_look_as_a_second_decoder_shows_them_or_there_is_a_reason(
    files: list[File], tmp_path: Path
) -> None:
    run = Differential(tmp_path)
    small = [file for file in files if len(file.data) < _BYTES]
    run.run(damaged_files(7, small, 2000), _SECONDS)
    print(run.report())
    assert run.wrong == []
    assert run.ends["alike"] > 20
