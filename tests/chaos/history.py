"""What clients were answered of one image, and whether some order of the calls explains it.

An image is absent, there or in the trash. Each call that was answered took effect once between its begin and its end.
One that was cut off may have taken effect at any moment after its begin, or never.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

ABSENT, THERE, TRASHED = "absent", "there", "in the trash"
CUT_OFF = math.inf


class Call(NamedTuple):
    """A call and its answer; `ended` is `CUT_OFF` if none came. Times are of `time.monotonic`."""

    began: float
    ended: float
    what: str
    """`upload`, `delete`, `restore` or `read`."""
    answer: str = ""
    """`new`, `standing` or `restored` of an upload; `done` or `missing` of the others."""


_EFFECTS: dict[tuple[str, str], dict[str, str]] = {
    ("upload", "new"): {ABSENT: THERE},
    ("upload", "standing"): {THERE: THERE},
    ("upload", "restored"): {TRASHED: THERE},
    ("delete", "done"): {THERE: TRASHED},
    ("delete", "missing"): {ABSENT: ABSENT, TRASHED: TRASHED},
    ("restore", "done"): {TRASHED: THERE},
    ("restore", "missing"): {ABSENT: ABSENT, THERE: THERE},
    ("read", "done"): {THERE: THERE},
    ("read", "missing"): {ABSENT: ABSENT, TRASHED: TRASHED},
}
"""For each answer, the states in which it is right, and the state after it."""

_CUT_OFF: dict[str, dict[str, str]] = {
    "upload": {ABSENT: THERE, TRASHED: THERE},
    "delete": {THERE: TRASHED},
    "restore": {TRASHED: THERE},
    "read": {},
}


@dataclass(frozen=True)
class History:
    """All calls that concern one image. If `expires`, the trash may have been emptied of it to make room."""

    calls: Sequence[Call]
    expires: bool = False

    def ends(self) -> set[str]:
        """The states that the image can be in now; empty if no order explains the answers."""
        answered = sorted((call for call in self.calls if call.ended != CUT_OFF), key=lambda call: call.began)
        cut_off = [call for call in self.calls if call.ended == CUT_OFF]
        seen: set[tuple[frozenset[int], int, str]] = set()
        found: set[str] = set()
        todo: list[tuple[frozenset[int], int, str]] = [(frozenset(), 0, ABSENT)]
        while todo:
            # all calls before `first` have taken effect, and `ahead` of those after it
            ahead, first, state = todo.pop()
            while first in ahead:
                ahead, first = ahead - {first}, first + 1
            if (ahead, first, state) in seen:
                continue
            seen.add((ahead, first, state))
            left = [n for n in range(first, len(answered)) if n not in ahead]
            horizon = min((answered[n].ended for n in left), default=CUT_OFF)
            late = {call.what for call in cut_off if call.began <= horizon}
            todo += [(ahead, first, _CUT_OFF[what][state]) for what in late if state in _CUT_OFF[what]]
            if self.expires and state == TRASHED:
                todo.append((ahead, first, ABSENT))
            if not left:
                found.add(state)
            for n in left:
                if answered[n].began > horizon:
                    break
                if after := _EFFECTS[answered[n].what, answered[n].answer].get(state):
                    todo.append((ahead | {n}, first, after))
        return found
