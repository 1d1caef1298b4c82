"""The test's side: start an operation in a process of its own, follow its changes, let it go on or kill it."""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import pickle
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pipeline.store import Store
from tests.product import ROOT
from tests.stopped.calls import Call, CannotStop, change
from tests.stopped.operations import open_store
from tests.stopped.server import MOST, READY

# linux/seccomp.h: struct seccomp_notif (id, pid, flags, number, architecture, instruction, six arguments)
_NOTICE, _ANSWER = "=QIIiIQ6Q", "=QqiI"
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_SECONDS, _STARTING_SECONDS = 30, 300


@functools.cache
def _server() -> socket.socket:
    """The way to the process that forks; it ends when this one does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [sys.executable, "-m", "tests.stopped", str(its.fileno())]
        server = subprocess.Popen(command, cwd=ROOT, pass_fds=[its.fileno()])
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours


class Process:
    """An operation on a volume, stopped before each of its changes. Made by `run`."""

    def __init__(self, root: Path, answers: socket.socket, listener: int, pidfd: int) -> None:
        self._root = root
        self._answers = answers
        self._listener = listener
        self._pidfd = pidfd
        self._stopped = 0

    def next_change(self) -> Call | None:
        """Go on to the next change, and stop before it; None if the operation has come to its end."""
        self._resume()
        while self._is_asking():
            notice = bytearray(struct.calcsize(_NOTICE))
            fcntl.ioctl(self._listener, _RECEIVE, notice)
            self._stopped, pid, _, number, _, _, *arguments = struct.unpack(_NOTICE, notice)
            if found := change(self._root, pid, number, tuple(arguments)):
                return found
            self._resume()
        return None

    def stop_at(self, wanted: Callable[[Call], bool]) -> Call:
        """Go on to the first change that is `wanted`, and stop before it."""
        while (found := self.next_change()) is not None:
            if wanted(found):
                return found
        raise AssertionError("it did not come there")

    def finish(self) -> Any:
        """Go on to the end; what the operation returned, or raises what it raised."""
        while self.next_change() is not None:
            pass
        result, error = pickle.loads(self._answers.recv(MOST))
        if error is not None:
            raise error
        return result

    def kill(self) -> None:
        """Kill it where it is; a change that it was stopped before is not made."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        # its locks end with it
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        assert ended.poll(_SECONDS * 1000)

    def _resume(self) -> None:
        if self._stopped:
            fcntl.ioctl(self._listener, _SEND, struct.pack(_ANSWER, self._stopped, 0, 0, _CONTINUE))
            self._stopped = 0

    def _is_asking(self) -> bool:
        """Whether it has stopped before a call; False if it has ended."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._pidfd, select.POLLIN)
        found = dict(poll.poll(_SECONDS * 1000))
        assert found, "it neither stops nor ends"
        return bool(found.get(self._listener, 0) & select.POLLIN)


@contextmanager
def run(store: Store, operation: str, *arguments: object, **settings: str) -> Iterator[Process]:
    """Start an operation (see `operations`) on the volume of `store`; it is killed if it still runs at the end."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    root = store.layout.root
    with ours:
        with its:
            socket.send_fds(_server(), [pickle.dumps((operation, root, settings, arguments))], [its.fileno()])
        ours.settimeout(_STARTING_SECONDS)
        data, descriptors, _, _ = socket.recv_fds(ours, MOST, 2)
        if data != READY:
            assert data, "the process ended before it began"
            refused: CannotStop = pickle.loads(data)
            if os.environ.get("CI"):
                raise refused
            pytest.skip(str(refused))
        ours.settimeout(_SECONDS)
        process = Process(root, ours, *descriptors)
        try:
            yield process
        finally:
            process.kill()
            for descriptor in descriptors:
                os.close(descriptor)


def crashes(store: Store, operation: str, *arguments: object, **settings: str) -> Iterator[tuple[Store, list[Call]]]:
    """The volume as a process leaves it that is killed before a change, for each change of the operation in turn; and
    its changes until there, of which the last was not made.

    Each is a copy beside the volume of `store`, which stays as it is.
    """
    root = store.layout.root
    for number in count(1):
        crashed = open_store(root.with_name(f"{root.name}-{number}"), **settings)
        shutil.copytree(root, crashed.layout.root, symlinks=True, copy_function=_copy)
        with run(crashed, operation, *arguments, **settings) as process:
            changes = [change for _ in range(number) if (change := process.next_change())]
            if len(changes) < number:
                process.finish()
                return
        print(f"killed before change {number}: {changes[-1]}")
        yield crashed, changes
        _close_below(crashed.layout.root)
        shutil.rmtree(crashed.layout.root)


def _close_below(root: Path) -> None:
    """Close what a store keeps open on its volume for as long as its process lives: hundreds come and go here."""
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if Path("/proc/self/fd", descriptor).readlink().is_relative_to(root):
                os.close(int(descriptor))


def _copy(source: str, target: str) -> None:
    """Copy a file, and a pipe as one."""
    if stat.S_ISFIFO(os.lstat(source).st_mode):
        os.mkfifo(target)
    else:
        shutil.copy2(source, target)
