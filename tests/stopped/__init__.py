"""A process that stops before each system call that changes its volume: to be killed there, or to wait.

The kernel stops it (a seccomp filter that asks another process), so nothing in the product has to take part.
"""

from tests.stopped.calls import Call
from tests.stopped.operations import open_store
from tests.stopped.process import crashes, run

__all__ = ["Call", "crashes", "open_store", "run"]
