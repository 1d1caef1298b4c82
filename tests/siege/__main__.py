"""`python -m tests.siege [WORD…]`: plays every attack, or those whose names have a word; exit status 1 if one harms."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.product import prepared
from tests.siege.attacks import ATTACKS
from tests.siege.play import play

SECONDS, MEMORY_MB = 2.0, 300


def main(words: list[str]) -> int:
    """Print a line for each attack; how many did harm."""
    harmed = 0
    for attack in ATTACKS:
        if words and not any(word in attack.name for word in words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            with prepared(data) as gallery:
                gallery.log = Path(folder) / "log"
                seen = play(attack, gallery)
        times = " ".join(f"{what} {seconds:.2f} s" for what, seconds in sorted(seen.slowest.items()))
        harm = [*seen.failures[:3], *seen.left[:3]]
        harm += [f"{what} took {seconds:.1f} s" for what, seconds in seen.slowest.items() if seconds > SECONDS]
        harm += ["restarted"] * seen.restarted + [f"{seen.memory_mb} MB"] * (seen.memory_mb > MEMORY_MB)
        harmed += bool(harm)
        used = f"{seen.memory_mb} MB, {seen.descriptors} descriptors"
        print(f"{attack.name}: {times}, {used}{': HARM: ' + '; '.join(harm) if harm else ''}", flush=True)
    return harmed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
