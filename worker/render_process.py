"""A long-lived child process that decodes, so that a crash, an out-of-memory kill or a timeout inside a codec
costs one picture and not the worker."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.errors import GalleryError, OutOfMemory, RendererDied, RenderTimeout, Unrenderable
from pipeline.images.formats import Limits
from pipeline.images.recipe import EFFORT
from worker.engine.decode import prepare
from worker.engine.render import Picture, Rendition, render

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_BEAT_SECONDS = 5.0
_MB = 1024 * 1024
_IGNORED = (signal.SIGINT, signal.SIGTERM)
# Beside what the header lets expect: the interpreter's own needs while a picture is made.
_SLACK_MB = 48
# What is resident beyond this after a picture is given back to the system.
_KEPT_MB = 128


class Renderer:
    """Renders in a child process; a child that died or ran out of time is replaced at the next picture."""

    def __init__(self, limits: Limits, timeout: int, beat: Callable[[], None], *, effort: int = EFFORT) -> None:
        self._limits = limits
        self._timeout = timeout
        self._effort = effort
        self._beat = beat
        self._context = multiprocessing.get_context("spawn")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def render(self, original: Path, publish: Callable[[Rendition], None]) -> Picture:
        """As `worker.engine.render.render`; raises `RendererDied` or `RenderTimeout` (after `timeout` seconds) too."""
        pipe, answered = self._child(), False
        try:
            pipe.send(original)
            end = time.monotonic() + self._timeout
            while True:
                answer = self._answer(pipe, end)
                if isinstance(answer, Rendition):
                    publish(answer)
                    continue
                answered = True
                if isinstance(answer, Picture):
                    return answer
                raise answer
        except (EOFError, ConnectionError):
            raise RendererDied(self._obituary()) from None
        finally:
            if not answered:
                self.stop()  # what it still says of this picture must not be taken for the next one

    def _answer(self, pipe: Connection, end: float) -> Rendition | Picture | GalleryError | OSError:
        while not pipe.poll(min(_BEAT_SECONDS, max(0.0, end - time.monotonic()))):
            self._beat()
            if time.monotonic() >= end:
                self.stop()
                raise RenderTimeout(self._timeout)
        try:
            answer: Rendition | Picture | GalleryError | OSError = pipe.recv()
        except OSError as error:
            raise EOFError from error  # it died in the middle of a message
        return answer

    def _child(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self.stop()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._limits, self._effort, os.getpid()), daemon=True
        )
        # a signal to all of the group must not end it before it can say that it ignores them
        resource_tracker.ensure_running()  # it would unblock them as it starts
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._process, self._pipe = process, ours
        return ours

    def _obituary(self) -> str:
        process = self._process
        self._process = None
        if process is None:
            return "it was stopped"
        process.join(5)
        code = process.exitcode or 0
        self._close()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def peak_mb(self) -> int:
        """The most memory, in MB, that the child has held; 0 where there is none."""
        if self._process is None or self._process.pid is None:
            return 0
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) // 1024
        except (OSError, IndexError):
            return 0

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            self._process = None
        self._close()

    def _close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _serve(pipe: Connection, limits: Limits, effort: int, parent: int) -> None:
    """The child: one picture after another, until the parent goes."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    # Pillow warns of damaged EXIF, which nobody reads here.
    warnings.simplefilter("ignore")
    prepare()
    keep_memory()
    _bound(limits.memory_mb)
    while os.getppid() == parent:
        try:
            original = pipe.recv()
        except EOFError:
            return
        try:
            answer: Picture | GalleryError | OSError = render(original, limits, pipe.send, effort=effort)
        except MemoryError:
            answer = _Portable(OutOfMemory(limits.memory_mb))
        except GalleryError as error:
            answer = _Portable(error)
        except (ConnectionError, EOFError):
            return
        except OSError as error:
            # without a number it is Pillow's word, not the system's
            answer = error if error.errno is not None else _Portable(Unrenderable())
        pipe.send(answer)
        _give_back()


def keep_memory() -> None:
    """Let the blocks of a usual picture stay for the next one: asking the system for them anew takes a sixth of
    the time of a picture. What is larger still goes back at once."""
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 32 * _MB)
    libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_MB * _MB)


def _bound(megabytes: int) -> None:
    """Let an allocation fail that goes beyond the bound, whatever a header promised: the picture fails, not the pod."""
    used = _status_kb("VmData") * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + (megabytes + _SLACK_MB) * _MB,) * 2)


def _give_back() -> None:
    """Return freed memory to the system after a large picture, so that the next one starts from the base."""
    if _status_kb("VmRSS") > _KEPT_MB * 1024:
        ctypes.CDLL(None).malloc_trim(0)


def _status_kb(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split(maxsplit=1)[0])


class _Portable(GalleryError):
    """An error as it crosses the pipe: its class takes other arguments than its message."""

    def __init__(self, error: GalleryError) -> None:
        Exception.__init__(self, str(error))
        self.code = error.code  # type: ignore[misc]

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return _rebuilt, (self.code, str(self))


def _rebuilt(code: str, message: str) -> GalleryError:
    error = Unrenderable(message)
    error.code = code  # type: ignore[misc]
    return error
