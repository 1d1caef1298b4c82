"""`python -m worker.render_process.child N`: decodes one picture after another, until the worker goes.

It starts with an empty environment and speaks over the socket N. Before it takes the first untrusted file it has
rendered a sample of each format and is confined: `worker.sandbox` says how.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from pipeline.errors import GalleryError, OutOfMemory, Unrenderable
from pipeline.images.formats import Limits, read_header
from pipeline.images.limits import decode_bytes
from pipeline.images.recipe import EFFORT
from pipeline.images.view_format import ViewFormat
from pipeline.records import RENDITIONS
from worker.engine.camera import CameraFacts, read_facts
from worker.engine.decode import prepare
from worker.engine.encode import avif_is_there
from worker.engine.encode_webp import libwebp_is_called
from worker.engine.picture import Picture, Rendition
from worker.engine.render import render
from worker.render_process.frames import (
    LENGTH,
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
    Unreadable,
    decode,
    decode_request,
    encode,
)
from worker.render_process.memory import KeptMemory, bound_memory, keep_memory
from worker.render_process.warm_up import warm_up
from worker.sandbox import PARTS, confine

_PR_SET_PDEATHSIG = 1
# standard input, output and errors lead nowhere; then these, and one for the original in hand
_CHANNEL, _STATM = 3, 4
_DESCRIPTORS = 8


class Render(Protocol):
    """`worker.engine.render.render`, or what a test puts in its place."""

    def __call__(
        self,
        original: BinaryIO,
        limits: Limits,
        publish: Callable[[Rendition], None],
        *,
        effort: int,
        wanted: Collection[str],
        view_format: ViewFormat,
        look: bool,
    ) -> Picture: ...


class _WorkerGone(Exception):
    """Nobody is left to answer."""


def main(
    render: Render = render,
    parts: frozenset[str] = frozenset(PARTS),
    *,
    read: Callable[[BinaryIO, Limits], CameraFacts] = read_facts,
) -> None:
    """Serve until the worker closes the socket; `parts` are those of the sandbox to close."""
    _belong_to_the_worker()
    # Pillow warns of damaged EXIF, which nobody reads here
    warnings.simplefilter("ignore")
    prepare()
    keep_memory()
    os.dup2(int(sys.argv[-1]), _CHANNEL)
    channel = socket.socket(fileno=_CHANNEL)
    try:
        limits = decode(_receive(channel)[0], Setup).limits
        warm_up(
            lambda file, view_format: render(
                file, limits, lambda made: None, effort=EFFORT, wanted=RENDITIONS, view_format=view_format, look=True
            )
        )
        kept = KeptMemory(_STATM)
        _close_descriptors()
        bound_memory(limits.memory_mb)
        calls_libwebp, writes_avif = libwebp_is_called(), avif_is_there()
        _send(Ready(confine(_CHANNEL, _DESCRIPTORS, parts), calls_libwebp, writes_avif))
        while True:
            body, descriptor = _receive(channel)
            with open(descriptor, "rb") as original:
                end = _end_of(decode_request(body), original, limits, kept, render, read)
            _send(end)
            kept.trim_if_large()
    except _WorkerGone:
        return
    except Exception:
        with suppress(_WorkerGone):
            _send(Crashed(traceback.format_exc(limit=-20)))
        raise


def _end_of(
    request: Request,
    original: BinaryIO,
    limits: Limits,
    kept: KeptMemory,
    render: Render,
    read: Callable[[BinaryIO, Limits], CameraFacts],
) -> Answer:
    """Render one picture, and send its renditions on the way; or read its facts."""
    try:
        if isinstance(request, ReadFactsRequest):
            return FactsAnswer(read(original, limits))
        with suppress(GalleryError):  # rendering raises the same
            kept.make_room(decode_bytes(read_header(original)))
        original.seek(0)
        how: dict[str, Any] = msgspec.structs.asdict(request)
        return PictureAnswer(render(original, limits, lambda made: _send(RenditionAnswer(made)), **how))
    except MemoryError:
        error: GalleryError = OutOfMemory(limits.memory_mb)
    except GalleryError as refused:
        error = refused
    except OSError as fault:
        # without a number it is Pillow's word, not the system's
        if fault.errno is not None:
            return Unreadable(fault.errno)
        error = Unrenderable()
    return Refused(error.code, str(error))


def _belong_to_the_worker() -> None:
    """End when it ends, and before it if memory runs out; signals to the whole group, which it has blocked for our
    start, are for the worker alone: it lets the current picture be finished."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    for number in blocked:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")


def _close_descriptors() -> None:
    """All but ours; what libraries print goes nowhere, for a decoder that is taken over would write the log."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    os.closerange(_STATM + 1, os.sysconf("SC_OPEN_MAX"))


def _receive(channel: socket.socket) -> tuple[bytes, int]:
    """The next frame, and the descriptor that came with it; -1 if none did."""
    data, descriptors = b"", []
    while len(data) < LENGTH.size or len(data) < LENGTH.size + LENGTH.unpack_from(data)[0]:
        chunk, found, _, _ = socket.recv_fds(channel, 4096, 1)
        if not chunk:
            raise _WorkerGone
        data += chunk
        descriptors += found
    return data[LENGTH.size :], descriptors[0] if descriptors else -1


def _send(answer: Answer) -> None:
    """Write a whole frame: `write` is the one call that may send."""
    view = memoryview(encode(answer))
    try:
        while view:
            view = view[os.write(_CHANNEL, view) :]
    except ConnectionError:
        raise _WorkerGone from None


if __name__ == "__main__":
    main()
