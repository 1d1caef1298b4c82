"""Keeps services running: starts each again when it ends, and ends all of them together.

Honcho ends everything when one process ends, and leaves everything running when it is killed itself. So this module
starts and stops the processes; honcho is used only for the Procfile and the colours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from launcher.output import Output
from launcher.watchdog import GRACE_SECONDS, is_running, kill_group

_TICK_SECONDS = 0.1
# How long to wait for a killed process group to be gone. A zombie that nothing reaps never is.
_REAP_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STEADY_SECONDS = 60.0
_LINE_BYTES = 8192
_PR_SET_PDEATHSIG = 1
_STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SYSTEM = "system"


@dataclass(slots=True)
class Service:
    """One process to keep running; `stop_last` ones are ended after the others. Times are of the monotonic clock."""

    name: str
    command: str
    colour: str | None = None
    stop_last: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started: float = 0.0
    due: float = 0.0
    pause: float = _FIRST_PAUSE


class Supervisor:
    """Runs services until a signal, until the output's reader is gone, or until `is_over` is true.

    Whenever `is_outdated` is true, all but the `stop_last` ones are restarted.
    """

    def __init__(
        self,
        services: list[Service],
        output: Output,
        *,
        environ: Mapping[str, str],
        folder: Path,
        inherited: int | None,
        is_over: Callable[[], bool],
        is_outdated: Callable[[], bool] = lambda: False,
    ) -> None:
        self._services = services
        self._output = output
        self._environ = environ
        self._folder = folder
        self._inherited = () if inherited is None else (inherited,)
        self._is_over = is_over
        self._is_outdated = is_outdated
        self._signals: list[tuple[float, int]] = []
        self._watchdog: subprocess.Popen[bytes] | None = None
        # Looked up before forking: a child may do very little between fork and exec.
        self._prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def run(self) -> int:
        """Run; the exit status: 128 and the signal's number if there was one, else 0."""
        for signum in _STOPPED_BY:
            if signal.getsignal(signum) is not signal.SIG_IGN:  # as under nohup
                signal.signal(signum, self._note_signal)
        try:
            while not self._stops():
                self._keep_watchdog()
                if self._is_outdated():
                    self._renew()
                for service in self._services:
                    self._keep(service)
                time.sleep(_TICK_SECONDS)
        finally:
            self._end([service for service in self._services if not service.stop_last])
            self._end([service for service in self._services if service.stop_last])
            self._end_watchdog()
        if self._signals:
            return 128 + self._signals[0][1]
        return 0

    def _note_signal(self, signum: int, _frame: FrameType | None) -> None:
        self._signals.append((time.monotonic(), signum))

    def _is_hurried(self) -> bool:
        """Whether a second signal came. One within a second is the same one, sent to us and to our process group."""
        return bool(self._signals) and self._signals[-1][0] > self._signals[0][0] + 1

    def _stops(self) -> bool:
        return bool(self._signals) or self._output.is_gone() or self._is_over()

    def _keep(self, service: Service) -> None:
        """Start a service that is due, or schedule the restart of one that has ended."""
        now = time.monotonic()
        if service.process is None:
            if now >= service.due:
                try:
                    self._start(service)
                except (OSError, subprocess.SubprocessError) as error:
                    self._schedule_restart(service, f"could not be started: {error}")
        elif service.process.poll() is not None:
            if now - service.started > _STEADY_SECONDS:
                service.pause = _FIRST_PAUSE
            self._schedule_restart(service, _how(self._reap(service)))

    def _renew(self) -> None:
        outdated = [service for service in self._services if not service.stop_last]
        self._end(outdated)
        for service in outdated:
            service.due, service.pause = 0.0, _FIRST_PAUSE

    def _schedule_restart(self, service: Service, why: str) -> None:
        self._say(f"{service.name} {why}; starting it again in {service.pause:.0f} s")
        service.due = time.monotonic() + service.pause
        service.pause = min(service.pause * 2, _LONGEST_PAUSE)

    def _start(self, service: Service) -> None:
        """Start a service in a session of its own, so that Ctrl-C reaches us alone."""
        service.started = time.monotonic()
        service.process = subprocess.Popen(  # noqa: S603 - the Procfile's command
            ["/bin/sh", "-c", service.command],
            cwd=self._folder,
            env=dict(self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self._inherited,
            preexec_fn=self._die_with_parent(),
        )
        self._say(f"{service.name} started (pid={service.process.pid})")
        threading.Thread(target=self._pass_on, args=(service, service.process), daemon=True).start()

    def _die_with_parent(self) -> Callable[[], None]:
        """Return what the child runs before exec, to end with us: by the kernel (PR_SET_PDEATHSIG) or the watchdog."""
        parent, prctl, watchdog = os.getpid(), self._prctl, self._watchdog_pipe()

        def die_with_parent() -> None:
            with suppress(OSError):
                os.write(watchdog, b"+%d\n" % os.getpid())
            if prctl is not None:
                prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        return die_with_parent

    def _pass_on(self, service: Service, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            while line := lines.readline(_LINE_BYTES):
                self._output.line(service.name, line, service.colour)

    def _reap(self, service: Service) -> int:
        """Reap a service that has ended, and kill what is left of its process group."""
        assert service.process is not None
        process, service.process = service.process, None
        kill_group(process.pid)
        with suppress(OSError):
            os.write(self._watchdog_pipe(), b"-%d\n" % process.pid)
        status = process.wait()
        deadline = time.monotonic() + _REAP_SECONDS
        while is_running(process.pid) and time.monotonic() < deadline:
            time.sleep(_TICK_SECONDS / 10)
        return status

    def _end(self, services: list[Service]) -> None:
        """Ask services to end; kill the rest after a while or on a second signal."""
        running = [service for service in services if service.process is not None]
        for service in running:
            assert service.process is not None
            service.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(service.process and service.process.poll() is None for service in running):
            if time.monotonic() > deadline or self._is_hurried():
                break
            time.sleep(_TICK_SECONDS / 2)
        for service in running:  # all at once: each that is reaped may take a second
            assert service.process is not None
            kill_group(service.process.pid)
        for service in running:
            self._say(f"{service.name} {_how(self._reap(service))}")

    def _keep_watchdog(self) -> None:
        if self._watchdog is not None and self._watchdog.poll() is None:
            return
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "launcher.watchdog"],
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for service in self._services:
            if service.process is not None:
                os.write(self._watchdog_pipe(), b"+%d\n" % service.process.pid)

    def _watchdog_pipe(self) -> int:
        assert self._watchdog is not None
        assert self._watchdog.stdin is not None
        return self._watchdog.stdin.fileno()

    def _end_watchdog(self) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
            self._watchdog.wait()

    def _say(self, text: str) -> None:
        self._output.line(_SYSTEM, text)


def _how(status: int) -> str:
    """How a process ended, as a phrase."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
