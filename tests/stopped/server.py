"""`python -m tests.stopped`: forks a process for each operation that it is asked for.

A process of its own, since it has one thread: what a test's process has started by then does not come along.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
from pathlib import Path

from tests.stopped.calls import CannotStop, stop_before_changes
from tests.stopped.operations import OPERATIONS, open_store

MOST, READY = 1 << 20, b"ready"


def serve(requests: socket.socket) -> None:
    """Fork for each request until the other end is closed: operation, root, settings, arguments; and a socket to answer
    by."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        data, descriptors, _, _ = socket.recv_fds(requests, MOST, 1)
        if not data:
            return
        with socket.socket(fileno=descriptors[0]) as answers:
            if os.fork() == 0:
                requests.close()
                try:
                    _work(answers, *pickle.loads(data))
                finally:
                    os._exit(0)


def _work(
    answers: socket.socket, name: str, root: Path, settings: dict[str, str], arguments: tuple[object, ...]
) -> None:
    store = open_store(root, **settings)
    myself = os.pidfd_open(os.getpid())
    try:
        listener = stop_before_changes()
    except CannotStop as error:
        answers.send(pickle.dumps(error))
        return
    socket.send_fds(answers, [READY], [listener, myself])
    os.close(listener)
    try:
        answers.send(pickle.dumps((OPERATIONS[name](store, *arguments), None)))
    except Exception as error:  # noqa: BLE001 - it is raised where the operation was asked for
        answers.send(pickle.dumps((None, error)))
