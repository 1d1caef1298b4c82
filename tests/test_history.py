"""What `make chaos` believes of answers: an order that explains them, or none."""

from __future__ import annotations

import pytest

from tests.chaos.history import ABSENT, CUT_OFF, THERE, TRASHED, Call, History

NEW = Call(0, 1, "upload", "new")
DELETED = Call(2, 3, "delete", "done")


@pytest.mark.parametrize(
    ("calls", "ends"),
    [
        ([NEW], {THERE}),
        ([NEW, DELETED], {TRASHED}),
        ([NEW, DELETED, Call(4, 5, "upload", "restored")], {THERE}),
        ([NEW, DELETED, Call(4, 5, "restore", "done")], {THERE}),
        ([NEW, DELETED, Call(4, 5, "upload", "standing")], set()),  # deleted before, and not restored
        ([NEW, Call(2, 6, "delete", "done"), Call(4, 5, "upload", "standing")], {TRASHED}),
        ([NEW, Call(2, 3, "delete", "missing")], set()),  # accepted, and not found
        ([NEW, Call(2, 3, "read", "missing")], set()),
        ([NEW, Call(2, CUT_OFF, "delete"), Call(3, 4, "read", "missing")], {TRASHED}),
        ([NEW, Call(2, CUT_OFF, "delete"), Call(3, 4, "read", "done")], {THERE, TRASHED}),
        ([NEW, Call(4, CUT_OFF, "delete"), Call(2, 3, "read", "missing")], set()),
        ([NEW, DELETED, Call(2.5, 9, "delete", "done")], set()),  # one of them found nothing
        ([NEW, DELETED, Call(2.5, 9, "delete", "done"), Call(4, 5, "upload", "restored")], {TRASHED}),
        ([NEW, DELETED, Call(4, CUT_OFF, "upload"), Call(5, 6, "upload", "standing")], {THERE}),
        ([Call(0, CUT_OFF, "upload"), Call(1, 2, "upload", "standing")], {THERE}),
        ([Call(1, 2, "upload", "standing")], set()),
    ],
)
def test_answers_are_explained_by_an_order_or_by_none(calls: list[Call], ends: set[str]) -> None:
    assert History(calls).ends() == ends


def test_what_is_in_a_trash_that_makes_room_may_be_gone() -> None:
    assert History([NEW, DELETED], expires=True).ends() == {TRASHED, ABSENT}
    assert History([NEW, DELETED, Call(4, 5, "restore", "missing")], expires=True).ends() == {ABSENT}
