"""Rounds until the time is up; one line for each."""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.rounds import VOLUME, play
from tests.product import mounted, prepared


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Accidents by chance while clients upload and delete.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--accidents", type=int, default=25, help="accidents in a round")
    parser.add_argument("--log", default="/dev/null", help="where the processes' logs go")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    end, rounds = time.monotonic() + options.minutes * 60, 0
    answers: Counter[str] = Counter()
    accidents: Counter[str] = Counter()
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder, mounted(Path(folder) / "data", VOLUME):
            with prepared(Path(folder) / "data", GALLERY_RESERVE_MB="8") as gallery:
                gallery.log = Path(options.log)
                gallery.start_all()
                ledger, happened = play(gallery, chance, options.accidents)
            rounds += 1
            answers += ledger.answers
            accidents += happened
            print(
                f"round {rounds}: {sum(happened.values())} accidents, {dict(sorted(ledger.answers.items()))}",
                flush=True,
            )
    print(f"rounds {rounds}, accidents {sum(accidents.values())}: {dict(sorted(accidents.items()))}")
    print(f"answers {dict(sorted(answers.items()))}")
    print("accepted = ready + failed with a reason; no answer was wrong; the doctor found nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
