"""During each attack others are served, and after it nothing is left. `python -m tests.siege` has the strict bounds."""

from __future__ import annotations

import pytest

from tests.conftest import Gallery
from tests.siege.attacks import ATTACKS
from tests.siege.play import Attack, play

SECONDS = 20  # on a machine that does much else; what the attacks did before was to stop everybody for minutes
MEMORY_MB = 300


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_keeps_nobody_else_from_the_gallery(bare: Gallery, attack: Attack) -> None:
    seen = play(attack, bare)
    assert seen.failures == []
    assert max(seen.slowest.values()) < SECONDS, seen.slowest
    assert seen.memory_mb < MEMORY_MB
    assert not seen.restarted
    assert seen.left == []
