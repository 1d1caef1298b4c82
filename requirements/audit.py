"""Ask the public lists of vulnerabilities about every version we pin; what is known fails."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python_packages(pip_audit: str, file: Path) -> tuple[list[str], bool]:
    """What is known against the packages of one file of requirements, and whether the list answered."""
    command = [pip_audit, "--require-hashes", "--disable-pip", "--progress-spinner=off", "-f", "json", "-r", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [], False
    known = [f"{p['name']} {p['version']}: {v['id']}" for p in packages for v in p.get("vulns", ())]
    return known, not any("skip_reason" in package for package in packages)


def node_packages(folder: Path) -> tuple[list[str], bool]:
    """The same of the front end's packages."""
    command = ["npm", "audit", "--package-lock-only", "--json"]
    try:
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        found = json.loads(answer.stdout)["vulnerabilities"]
    except (OSError, ValueError, KeyError):
        return [], False
    return [f"{name}: {entry['severity']}" for name, entry in found.items()], True


def main() -> int:
    """The exit status: 1 where anything is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail where a list does not answer")
    parser.add_argument("pip_audit", metavar="PIP_AUDIT", help="the program to ask with")
    asked = parser.parse_args()
    strict, pip_audit = asked.strict, asked.pip_audit
    files = sorted(ROOT.glob("requirements/*.txt"))
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(partial(python_packages, pip_audit), files))
    names = [file.relative_to(ROOT) for file in files]
    status = 0
    folder = Path("web/frontend")
    for name, (known, answered) in zip([*names, folder], [*answers, node_packages(ROOT / folder)], strict=True):
        silent = "nothing known" if answered else "the list of vulnerabilities does not answer: not checked"
        print(f"{name}: {', '.join(known) or silent}")
        status |= bool(known) or (strict and not answered)
    return status


if __name__ == "__main__":
    sys.exit(main())
