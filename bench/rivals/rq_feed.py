"""RQ as its documentation shows it: a queue, a function by name, the defaults. It enqueues what it reads."""

from __future__ import annotations

import os
import sys

from redis import Redis
from rq import Queue

if __name__ == "__main__":
    queue = Queue("bench", connection=Redis.from_url(os.environ["BROKER"]))
    for line in sys.stdin:
        source, target, effort = line.split()
        queue.enqueue("tasks.thumbnails", source, target, int(effort))
