"""The record of an image: what `image.json` holds and the API answers."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pipeline.errors import GalleryError
from pipeline.formats import Format

RENDITIONS = ("grid", "view")
"""What is made of every picture, in this order."""

MAX_ATTEMPTS = 3
"""How often a picture may stop its worker before it is failed."""


class State(StrEnum):
    """Where an image stands; `ready` and `failed` are its ends."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image failed: a stable code for programs, a sentence for people."""

    code: str
    message: str

    @classmethod
    def of(cls, error: GalleryError) -> Reason:
        """The reason that a named error gives."""
        return cls(error.code, str(error))


@dataclass(frozen=True, slots=True)
class RenditionInfo:
    """Size of a rendition: pixels and bytes."""

    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """Everything known of one image. Sizes in pixels and bytes, times RFC 3339 in UTC.

    `width` and `height` are those of the upright picture; `attempts` counts the renders begun since the
    upload or the last retry by hand; `recipe` is the version of the renditions.
    """

    id: str
    name: str
    format: Format
    bytes: int
    width: int
    height: int
    sha256: str
    received_at: str
    state: State = State.PENDING
    reason: Reason | None = None
    attempts: int = 0
    queued_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    worker: str | None = None
    animated: bool = False
    frames: int = 1
    duration_ms: int = 0
    placeholder: str | None = None
    color: str | None = None
    recipe: int | None = None
    notes: tuple[str, ...] = ()
    renditions: Mapping[str, RenditionInfo] = field(default_factory=dict)

    @property
    def original(self) -> str:
        """File name of the original within the image's folder."""
        return f"original.{self.format.extension}"

    def with_(self, **changes: Any) -> Record:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["reason"] = asdict(self.reason) if self.reason else None
        plain["renditions"] = {
            name: {"width": info.width, "height": info.height, "bytes": info.bytes}
            for name, info in self.renditions.items()
        }
        return plain

    def to_json(self) -> builtins.bytes:
        """The bytes of `image.json`."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: builtins.bytes) -> Record:
        """Read the bytes of `image.json`; raise `ValueError` where they are no record."""
        try:
            raw = json.loads(data)
            known = {name: raw[name] for name in cls.__slots__ if name in raw}
            known["format"] = Format(raw["format"])
            known["state"] = State(raw["state"])
            known["reason"] = Reason(**raw["reason"]) if raw.get("reason") else None
            known["notes"] = tuple(raw.get("notes", ()))
            known["renditions"] = {n: RenditionInfo(**info) for n, info in raw.get("renditions", {}).items()}
            return cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a record: {error}") from error


def now() -> str:
    """The time in UTC, RFC 3339 with milliseconds."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A moment as records tell it: in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
