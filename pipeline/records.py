"""The record of an image: what `image.json` holds and the API answers.

A record is read as far as this release understands it. Keys that it does not know are kept at every level and
written back; a `version`, `state` or `format` that it does not know marks the record as newer: the image is
listed and served, and nothing here renders, retries, regenerates or repairs it.
"""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from operator import attrgetter
from typing import Any, Self

import msgspec

from pipeline.errors import GalleryError
from pipeline.ids import is_id, made_at
from pipeline.images.formats import Format
from pipeline.images.view_format import Kind
from pipeline.open_enum import OpenEnum
from pipeline.times import format_rfc3339
from pipeline.unknown_keys import fold, unfold

VERSION = 1
"""The version that this release writes. Keys are added within a version, and their meaning never changes; a higher
version says: older releases, hands off. A record without one (release 0.1) is of version 1."""

# Fields that `image.json` lacks while they are not known.
_LEFT_OUT = ("uploaded_sha256", "taken_at", "camera", "lens", "exposure", "facts_version")

RENDITIONS = ("grid", "view")
"""What is made of every picture, in this order."""

MAX_ATTEMPTS = 3
"""How often a picture may stop its worker, at each pass, before it is failed."""


class State(OpenEnum):
    """The state of an image; `ready` and `failed` are its ends. A newer release may have others."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class Reason(msgspec.Struct, frozen=True):
    """Why an image failed: a stable code for programs, a sentence for people."""

    code: str
    message: str


class RenditionInfo(msgspec.Struct, frozen=True):
    """A rendition: its size in pixels and bytes, the hash of its file in hex (release 0.1 wrote none), its format."""

    width: int
    height: int
    bytes: int
    sha256: str | None = None
    format: Format = Format.WEBP


class PublicRecord(msgspec.Struct, frozen=True):
    """What the API shows of an image. Sizes in pixels and bytes, times RFC 3339 in UTC.

    `width` and `height` are those of the upright picture; `attempts` counts the renders begun at the current pass
    (the grid, then the view) since the upload or the last retry by hand; `queued_at` and `started_at` are those of the
    first pass; `recipe` is the version of the renditions, and `kind` what the view was found to show (None before there
    is one, and in records before recipe 6). `taken_at` is what the camera's own clock showed, with an offset from UTC
    if the file states one; `camera`, `lens` and `exposure` are for people to read. Where a picture was taken is not
    kept.
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
    kind: Kind | None = None
    notes: tuple[str, ...] = ()
    taken_at: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure: str | None = None
    renditions: Mapping[str, RenditionInfo] = {}
    version: int = VERSION


class StoredReason(Reason, frozen=True):
    """A reason in a record; `unknown` holds what another release wrote."""

    unknown: dict[str, Any] = {}

    @classmethod
    def of(cls, error: GalleryError) -> StoredReason:
        """The reason that a named error gives."""
        return cls(error.code, str(error))


class StoredRendition(RenditionInfo, frozen=True):
    """A rendition in a record; `unknown` holds what another release wrote."""

    unknown: dict[str, Any] = {}

    @classmethod
    def of(cls, data: builtins.bytes, width: int, height: int, format_: Format = Format.WEBP) -> StoredRendition:
        """Describe a rendition by the bytes of its file."""
        return cls(width, height, len(data), hashlib.sha256(data).hexdigest(), format_)


class Record(PublicRecord, frozen=True):
    """Everything known of one image: what is public, and what is not.

    `facts_version` says how `taken_at`, `camera`, `lens` and `exposure` were read (None if they were not).
    `uploaded_sha256` is set if the original was found damaged when the record was lost: the hash it once had, while
    `sha256` is that of the bytes that are there. `unknown` and `unknown_renditions` hold what another release wrote;
    they are written back.
    """

    reason: StoredReason | None = None
    renditions: Mapping[str, StoredRendition] = {}
    facts_version: int | None = None
    uploaded_sha256: str | None = None
    unknown: dict[str, Any] = {}
    unknown_renditions: dict[str, Any] = {}

    @property
    def original(self) -> str:
        """File name of the original within the image's folder."""
        return f"original.{self.format.extension}"

    @property
    def is_newer(self) -> bool:
        """Whether a newer release made it: this one leaves it as it is."""
        return self.version > VERSION or not self.state.is_known or not self.format.is_known

    def with_(self, **changes: Any) -> Record:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def public(self) -> dict[str, Any]:
        """The fields of `PublicRecord`, for the types that are made of it."""
        values = dict(zip(_PUBLIC, _public_values(self), strict=True))
        if self.reason:
            values["reason"] = Reason(self.reason.code, self.reason.message)
        values["renditions"] = {
            name: RenditionInfo(info.width, info.height, info.bytes, info.sha256, info.format)
            for name, info in self.renditions.items()
        }
        return values

    def to_json(self) -> builtins.bytes:
        """The bytes of `image.json`."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        for name in _LEFT_OUT:
            if plain[name] is None:
                del plain[name]
        others = plain.pop("unknown_renditions")
        if plain["reason"]:
            plain["reason"] = unfold(plain["reason"])
        plain["renditions"] = {n: unfold(info) for n, info in plain["renditions"].items()} | others
        return msgspec.json.encode(unfold(plain))

    @classmethod
    def from_json(cls, data: builtins.bytes) -> Self:
        """Read the bytes of `image.json`; raise `ValueError` if they are not a record."""
        try:
            raw = msgspec.json.decode(data, type=dict[str, Any])
        except RecursionError as error:
            raise ValueError("not a record: it is nested too deeply") from error
        if isinstance(raw.get("reason"), dict):
            raw["reason"] = fold(raw["reason"], StoredReason)
        known, others = _renditions(raw.get("renditions", {}))
        raw["renditions"] = known
        folded = fold(raw, cls)
        if others:
            folded["unknown_renditions"] = others
        try:
            return msgspec.convert(folded, cls)
        except msgspec.ValidationError:
            version = raw.get("version")
            if not isinstance(version, int) or version <= VERSION:
                raise
            return cls._understood(folded)

    @classmethod
    def _understood(cls, plain: dict[str, Any]) -> Self:
        """The record of a newer release whose known keys have taken another shape: as far as it is understood."""
        image_id = plain.get("id")
        if not isinstance(image_id, str) or not is_id(image_id):
            raise ValueError("not a record: it has no id")
        understood: dict[str, Any] = {
            "name": "", "format": "", "bytes": 0, "width": 0, "height": 0, "sha256": "",
            "received_at": format_rfc3339(made_at(image_id)),
        }  # fmt: skip
        for field in msgspec.structs.fields(cls):
            with suppress(KeyError, msgspec.ValidationError):
                understood[field.name] = msgspec.convert(plain[field.name], field.type)
        return cls(**understood)


def renditions_to_json(renditions: Mapping[str, StoredRendition]) -> dict[str, Any]:
    """Renditions as plain values, with what this release does not know."""
    return {name: unfold(msgspec.to_builtins(info)) for name, info in renditions.items()}


def renditions_from_json(raw: object) -> dict[str, StoredRendition]:
    """Renditions from plain values, those that this release knows; raise `ValueError` if they are none."""
    return msgspec.convert(_renditions(raw)[0], dict[str, StoredRendition])


def _renditions(raw: object) -> tuple[Any, dict[str, Any]]:
    """The renditions that this release knows, ready to be converted, and the others as they are."""
    if not isinstance(raw, dict):
        return raw, {}
    known = {
        name: fold(raw[name], StoredRendition) if isinstance(raw[name], dict) else raw[name]
        for name in RENDITIONS
        if name in raw
    }
    return known, {name: value for name, value in raw.items() if name not in known}


_PUBLIC = PublicRecord.__struct_fields__
_public_values = attrgetter(*_PUBLIC)
