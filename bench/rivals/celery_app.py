"""Celery as its first steps show it: a broker, one task, no results. Run as a script, it enqueues what it reads."""

from __future__ import annotations

import os
import sys

from celery import Celery  # type: ignore[attr-defined,unused-ignore] # it brings no types
from tasks import thumbnails  # type: ignore[import-not-found,unused-ignore] # beside this script

app = Celery("bench", broker=os.environ["BROKER"])
make = app.task(name="thumbnails")(thumbnails)

if __name__ == "__main__":
    for line in sys.stdin:
        source, target, effort = line.split()
        make.delay(source, target, int(effort))
