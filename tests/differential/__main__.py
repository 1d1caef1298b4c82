"""`python -m tests.differential`, or `make differential`: every case, then damaged files for as long as asked."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.differential.decoders import HAS_VIPS, HEIF_PROGRAM, NO_HEIF_PROGRAM, NO_VIPS
from tests.differential.run import Differential, damaged_files, whole_files
from tests.test_cases import ALL


def main() -> int:
    """The exit status: 0 if every disagreement has its reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    for reason, installed in ((NO_VIPS, HAS_VIPS), (NO_HEIF_PROGRAM, HEIF_PROGRAM)):
        if not installed:
            print(f"skipped: {reason}", flush=True)
    run = Differential(Path(tempfile.mkdtemp(prefix="gallery-differential-")))
    print(f"seed {options.seed}; files on which the decoders disagree are kept in {run.keep}", flush=True)
    end = time.monotonic() + 60 * options.minutes
    whole = list(whole_files(ALL))
    run.run(whole, end - time.monotonic())
    run.run(damaged_files(options.seed, whole), end - time.monotonic())
    print(run.report())
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
