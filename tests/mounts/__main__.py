"""`python -m tests.mounts`: play for some minutes; then everything that was accepted must be there, once, whole, and in
the outbox while it waits."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter

from tests.mounts import MOUNTS
from tests.mounts.chaos import play


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = parser.parse_args()
    if len(MOUNTS) < 2:
        print("Set GALLERY_TEST_MOUNTS to the mounts of one volume, with colons between.", file=sys.stderr)
        return 2
    end, total, seed = time.monotonic() + options.minutes * 60, Counter[str](), options.seed
    while time.monotonic() < end:
        total += play(min(60.0, end - time.monotonic()), seed, lambda text: print(text, flush=True))
        seed += 1
    print(f"all held: {dict(total)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
