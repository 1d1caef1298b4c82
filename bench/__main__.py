"""`python -m bench [NAME…] [OPTIONS]`: run benches one after another; each writes its own part of the report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ORDER = (
    "render",
    "choices",
    "peaks",
    "confinement",
    "batch",
    "throughput",
    "latency",
    "ingest",
    "gallery",
    "page",
    "index",
    "seen",
    "events",
    "scaling",
    "memory",
    "costs",
    "soak",
)


def main() -> int:
    """Run each bench in a process of its own; the number of those that failed."""
    folder = Path(__file__).parent
    known = [name for name in ORDER if (folder / f"{name}.py").exists()]
    words = sys.argv[1:]
    names = [word for word in words if word in known] or known
    options = [word for word in words if word not in known]
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *options], cwd=folder.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
