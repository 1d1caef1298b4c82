"""A repair that is killed before any of its changes loses nothing, and the next one goes on from there."""

from __future__ import annotations

import pytest

from cli.doctor import examination_of, examine
from pipeline.store import Store
from pipeline.store.checks.examine import repair
from pipeline.store.checks.violation import Violation
from tests.damage import DAMAGES, Volume
from tests.damage.comparing import contents, named, nothing_is_worse, pairs
from tests.damage.template import template as template  # the fixtures
from tests.damage.template import volume as volume
from tests.stopped import crashes


def is_empty_folder(store: Store, violation: Violation) -> bool:
    """Whether it is a stray folder from which all was taken by the repair that was killed."""
    inside = (store.layout.root / violation.where).rglob("*")
    return violation.code == "stray-folder" and all(path.is_dir() for path in inside)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_repair_killed_before_any_change_is_finished_by_the_next(volume: Volume, name: str) -> None:
    said = DAMAGES[name](volume)
    before = contents(volume.layout.root)
    for crashed, _ in crashes(volume.store, "repair"):
        nothing_is_worse(before, contents(crashed.layout.root), said)
        examination, excuses = examination_of(crashed), list[str]()
        done = repair(examination, examination.all(), excuses.append)
        left = [violation for violation in done.left if not is_empty_folder(crashed, violation)]
        assert named(left) == pairs(said.left), excuses
        assert named(examine(crashed)) == named(done.left)
        nothing_is_worse(before, contents(crashed.layout.root), said)
