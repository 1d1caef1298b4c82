"""`python -m docsite`: makes the site of this checkout in `site/`, or says what is wrong with its documents."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from docsite.build import Broken, build

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """The exit status: 1 if a link leads nowhere."""
    parser = argparse.ArgumentParser(prog="python -m docsite", description="Make the documents into a site.")
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder, which is made anew (site)")
    site: Path = parser.parse_args().to
    try:
        count = build(ROOT, site)
    except Broken as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{count} pages: {site / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
