"""What a volume must be like after a crash, once the sweep and a worker have come."""

from __future__ import annotations

import pytest

from cli.doctor import examination_of
from pipeline.store import Store
from pipeline.store.checks import examine
from tests.pictures import picture


def small() -> bytes:
    return picture(size=(64, 48))


def every_rule_holds(store: Store, *left: str) -> None:
    """The doctor finds nothing but a folder that holds nothing, or what is `left` to it, and removes that."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(examine, "SECOND_LOOK_SECONDS", 0.01)
        examination = examination_of(store)
        found = examination.all()
        assert {violation.code for violation in found} <= {"empty-folder", *left}
        assert examine.repair(examination, found).left == []
        assert examination.all() == []
