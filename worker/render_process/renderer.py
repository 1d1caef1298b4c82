"""A long-lived child process that decodes, so that a crash, an out-of-memory kill or a timeout inside a codec
costs one picture and not the worker. `worker.render_process.child` is the child's side."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import structlog

from pipeline.errors import GalleryError, RendererDied, RenderTimeout, TooSlow
from pipeline.images.formats import Limits
from pipeline.images.recipe import EFFORT
from pipeline.images.view_format import ViewFormat
from pipeline.records import RENDITIONS
from pipeline.volume.files import open_file
from worker import metrics
from worker.engine.camera import CameraFacts
from worker.engine.picture import Picture, Rendition
from worker.render_process import usage
from worker.render_process.answers import check_facts, check_picture, check_rendition, check_unreadable, refusal
from worker.render_process.channel import BrokenProtocol, Channel, Late
from worker.render_process.frames import (
    Answer,
    Crashed,
    FactsAnswer,
    PictureAnswer,
    ReadFactsRequest,
    Ready,
    Refused,
    RenditionAnswer,
    Request,
    Setup,
    Task,
    Unreadable,
)
from worker.render_process.spawn import exit_code, obituary, spawn
from worker.sandbox import PARTS

# starting takes half a second; a machine that is short of everything has this long
_START_SECONDS = 20
_TRACE = 4000
# A picture that computed for this part of its time needs more, and not another try; less is an overloaded machine.
_BUSY = 0.25
# A third of a second of a processor for each start: a thousandth of a large picture, a hundredth of a small one.
_PICTURES = 1000
_T = TypeVar("_T")
_Publish = Callable[[Rendition], None]
_log = structlog.get_logger()


class CannotStart(Exception):
    """The render process cannot take pictures, or must not: what was installed is at fault, and no picture."""


class Renderer:
    """Renders in a child, which is replaced if it dies, if it takes too long, and after `pictures` of them: one that is
    taken over unnoticed sees no more. `ready` is what the last child said when it started; None before the first."""

    def __init__(
        self,
        limits: Limits,
        timeout: int,
        beat: Callable[[], None],
        *,
        effort: int = EFFORT,
        view_format: ViewFormat = ViewFormat.AUTO,
        require_sandbox: bool = False,
        pictures: int = _PICTURES,
        child: tuple[str, ...] = ("worker.render_process.child",),
    ) -> None:
        self._setup = Setup(limits)
        self._effort = effort
        self._view_format = view_format
        self._timeout = timeout
        self._beat = beat
        self._require_sandbox = require_sandbox
        self._pictures = pictures
        self._left = 0
        self._command = child
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self.ready: Ready | None = None

    @property
    def pid(self) -> int | None:
        """Of the child; None if none was started."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the child if none runs, and wait until it takes pictures. Raises `CannotStart`, also if a sandbox is
        required and this system lacks a part of it; `RendererDied` or `RenderTimeout`."""
        self._child(_START_SECONDS)

    def _child(self, seconds: int) -> Channel:
        """The channel to a child that takes pictures; one that is started has `seconds` for it."""
        if self._channel is not None and self._process is not None:
            if self._left and self._channel.is_quiet():
                return self._channel
            self.stop()  # it has had its pictures, ended, or has an answer ready before it was asked
        try:
            self._process, channel = spawn(self._command)
        except OSError as error:
            raise CannotStart(f"The process that decodes cannot start: {error.strerror}.") from error
        self._channel, self._left = channel, self._pictures
        with self._supervised(seconds):
            try:
                channel.send(self._setup)
                answer = channel.receive(time.monotonic() + seconds, self._beat)
            except (EOFError, ConnectionError):
                if (code := exit_code(self._process) or 0) > 0:
                    raise CannotStart(f"The process that decodes cannot start: exit status {code}.") from None
                raise
            if not isinstance(answer, Ready):
                raise self._broken(answer)
            self._report(answer)
        return channel

    def _report(self, ready: Ready) -> None:
        """Log once what confines the child, and refuse it if that is too little."""
        confinement = ready.confinement
        for part in PARTS:
            metrics.SANDBOX.labels(part).set(part in confinement.parts)
        missing = ", ".join(confinement.missing)
        if missing and self._require_sandbox:
            raise CannotStart(
                f"GALLERY_REQUIRE_SANDBOX is set, but this system lacks {missing}. Run the worker on Linux 5.13 or "
                "later, in a container whose seccomp profile allows these calls, or unset it."
            )
        if self.ready is None or confinement != self.ready.confinement:
            if missing:
                _log.warning("the decoder is not confined as it could be: this system lacks a part", missing=missing)
            else:
                _log.info("the decoder is confined", landlock=confinement.landlock)
        self.ready = ready

    def render(
        self, original: Path, publish: _Publish, wanted: tuple[str, ...] = RENDITIONS, *, look: bool = True
    ) -> Picture:
        """As `worker.engine.render.render`; raises `RendererDied`, and after `timeout` seconds `TooSlow` or
        `RenderTimeout`, too."""
        task, made = Task(self._effort, wanted, self._view_format, look), dict[str, tuple[int, int]]()

        def take(answer: Answer) -> Picture | None:
            match answer:
                case RenditionAnswer(rendition):
                    publish(check_rendition(rendition, made, wanted, self._view_format))
                    made[rendition.name] = rendition.width, rendition.height
                    return None
                case PictureAnswer(picture):
                    return check_picture(picture, made, wanted, look=look)
            raise self._broken(answer)

        return self._ask(original, task, take)

    def read_facts(self, original: Path) -> CameraFacts:
        """As `worker.engine.camera.read_facts`; raises as `render` does."""

        def take(answer: Answer) -> CameraFacts:
            if isinstance(answer, FactsAnswer):
                return check_facts(answer.facts)
            raise self._broken(answer)

        return self._ask(original, ReadFactsRequest(), take)

    def _ask(self, original: Path, request: Request, take: Callable[[Answer], _T | None]) -> _T:
        """Put one request about one original; `take` gets each answer, and returns what the last one says."""
        with open_file(original) as file:
            channel = self._child(self._timeout)
            self._left -= 1
            with self._supervised(self._timeout):
                began = usage.cpu_seconds(self.pid)
                try:
                    end = self._converse(channel, file.fileno(), request, take)
                except Late:
                    if usage.cpu_seconds(self.pid) - began >= self._timeout * _BUSY:
                        raise TooSlow(self._timeout) from None
                    raise
        if isinstance(end, GalleryError | OSError):
            raise end
        return end

    def _converse(
        self, channel: Channel, original: int, request: Request, take: Callable[[Answer], _T | None]
    ) -> _T | GalleryError | OSError:
        channel.send(request, original)
        end = time.monotonic() + self._timeout
        while True:
            match channel.receive(end, self._beat):
                case Refused() as refused:
                    return refusal(refused)
                case Unreadable(number):
                    check_unreadable(original)
                    return OSError(number, os.strerror(number))
                case answer:
                    if (found := take(answer)) is not None:
                        return found

    @contextmanager
    def _supervised(self, seconds: int) -> Iterator[None]:
        """Whatever is raised meanwhile ends the child: what it still says of this picture must not be taken for the
        next one. If the child itself is the reason, it becomes a named error."""
        try:
            try:
                yield
            except (EOFError, ConnectionError):
                assert self._process is not None
                raise RendererDied(obituary(self._process)) from None
            except Late:
                raise RenderTimeout(seconds) from None
            except BrokenProtocol as breach:
                _log.error("a render process said what it never says", what=_escaped(str(breach)))
                raise RendererDied("its decoder answered with something that is no thumbnail") from None
        except BaseException:
            self.stop()
            raise

    def _broken(self, answer: object) -> Exception:
        """What to raise for an answer that ends nothing."""
        if isinstance(answer, Crashed):
            _log.error("the decoder failed in a way that has no name", trace=_escaped(answer.trace))
            return EOFError()  # it ends by that
        return BrokenProtocol("it answered out of turn")

    def peak_mb(self) -> int:
        """The most memory, in MB, that the child has held; 0 if there is none."""
        return usage.peak_mb(self.pid)

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def _escaped(text: str) -> str:
    """Untrusted text for the log, in one line."""
    return text[-_TRACE:].encode("unicode_escape").decode("ascii")
