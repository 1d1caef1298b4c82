"""What a worker and its render process say to each other: MessagePack, each frame behind its length.

Both ends are of one release, so frames may change freely: a field more here, or in `Rendition` and `Picture`, is all
that a new fact takes. The worker decodes answers into these types and no others; what they say is still
untrusted (`worker.render_process.answers`).
"""

from __future__ import annotations

import struct
from typing import TypeVar

import msgspec

from pipeline.images.formats import Limits
from pipeline.images.recipe import VIEW
from pipeline.images.view_format import ViewFormat
from pipeline.records import RENDITIONS
from worker.engine.camera import CameraFacts
from worker.engine.picture import Picture, Rendition
from worker.sandbox import Confinement

LENGTH = struct.Struct("<I")
MOST_BYTES = 4 * VIEW * VIEW + 64 * 1024
"""The longest frame: no rendition has more bytes than its pixels, uncompressed."""


class Setup(msgspec.Struct, frozen=True):
    """To the child, once: the bounds of every picture."""

    limits: Limits


class Task(msgspec.Struct, frozen=True, tag="render"):
    """To the child: render the original whose open descriptor comes with this frame; the renditions `wanted`, the
    format of a view, and whether placeholder and colour are to be found."""

    effort: int
    wanted: tuple[str, ...] = RENDITIONS
    view_format: ViewFormat = ViewFormat.AUTO
    look: bool = True


class ReadFactsRequest(msgspec.Struct, frozen=True, tag="read"):
    """To the child: read the facts of the camera from the original that comes with this frame, and decode nothing."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """From the child, once, before it has seen an untrusted byte: what confines it from here on, and whether it calls
    libwebp directly and can write AVIF."""

    confinement: Confinement
    calls_libwebp: bool
    writes_avif: bool


class RenditionAnswer(msgspec.Struct, frozen=True, tag="made"):
    """A rendition of the current picture."""

    rendition: Rendition


class PictureAnswer(msgspec.Struct, frozen=True, tag="done"):
    """The end of a picture that was rendered."""

    picture: Picture


class FactsAnswer(msgspec.Struct, frozen=True, tag="found"):
    """The end of a picture whose facts were read."""

    facts: CameraFacts


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The end of a picture that cannot be rendered: the code of a `GalleryError`, and its sentence."""

    code: str
    message: str


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """The end of a picture whose bytes the volume did not give: the number of the system's error."""

    errno: int


class Crashed(msgspec.Struct, frozen=True, tag="crashed"):
    """The child's last words over an error that it does not know."""

    trace: str


Request = Task | ReadFactsRequest
Answer = Ready | RenditionAnswer | PictureAnswer | FactsAnswer | Refused | Unreadable | Crashed
_REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_T = TypeVar("_T")


def encode(message: msgspec.Struct) -> bytes:
    """A message as it is sent, behind its length."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


def decode(body: bytes, kind: type[_T]) -> _T:
    """A message without its length; raises `msgspec.MsgspecError` if it is none of this kind."""
    return msgspec.msgpack.decode(body, type=kind)


def decode_request(body: bytes) -> Request:
    """As `decode`, for what is asked of the child."""
    return _REQUESTS.decode(body)


def decode_answer(body: bytes) -> Answer:
    """As `decode`, for any answer."""
    return _ANSWERS.decode(body)
