"""`python3 -m release`: see docs/release.md."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from release import changelog, digests


def main(arguments: list[str], root: Path) -> int:
    """Run one step on a checkout; 1 and a sentence if the checkout is not ready for it."""
    parser = argparse.ArgumentParser(prog="python3 -m release")
    steps = parser.add_subparsers(dest="step", required=True)
    step = steps.add_parser("version", help="set the version, and open or close the changelog's section")
    step.add_argument("version", help="0.2.0, or 0.3.0.dev0 for one in development")
    step = steps.add_parser("check", help="print the version if tag, version and changelog agree")
    step.add_argument("tag")
    step = steps.add_parser("notes", help="print what the changelog says of a version")
    step.add_argument("version")
    step = steps.add_parser("pin", help="name the images by digest in the production overlay and for Compose")
    for image in ("web", "worker", "redis"):
        step.add_argument(image, help="REPOSITORY/NAME@sha256:…")
    asked = parser.parse_args(arguments)
    try:
        match asked.step:
            case "version":
                changelog.set_version(root, asked.version, f"{datetime.now(UTC):%Y-%m-%d}")
            case "check":
                print(changelog.check(root, asked.tag))
            case "notes":
                print(changelog.notes(root, asked.version), end="")
            case "pin":
                digests.pin(root, asked.web, asked.worker, asked.redis)
    except changelog.ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
