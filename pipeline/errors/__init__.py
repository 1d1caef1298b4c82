"""The named errors of the product: each has a stable code and a sentence for a person.

They are raised where the fact is found, and mapped to HTTP in one place, `web.errors`.
"""

from __future__ import annotations

from pipeline.errors.base import BadSetting, GalleryError
from pipeline.errors.pictures import (
    BrokenHeader,
    CutOff,
    EmptyFile,
    InflatesTooMuch,
    NeedsTooMuchMemory,
    NotAnImage,
    OriginalMissing,
    OutOfMemory,
    RendererDied,
    RenderTimeout,
    TooManyFrames,
    TooManyPixels,
    TooManyScans,
    TooMuchMetadata,
    TooSlow,
    Unrenderable,
    UnsupportedKind,
)
from pipeline.errors.requests import (
    BadRequest,
    BrokenUpload,
    CannotStripMetadata,
    EventsUnavailable,
    ImageNotFound,
    IndexNotReady,
    MadeByNewerRelease,
    MissingFile,
    NotRestorable,
    NotRetryable,
    TooLarge,
    TooManyFiles,
    TooManyListeners,
    TooMuchToZip,
)
from pipeline.errors.volume import (
    DamagedRecord,
    ForeignRecord,
    NoRoomToRetry,
    UnusableRecord,
    VolumeFull,
    VolumeUnavailable,
    volume_error,
)


def _titles(kind: type[GalleryError]) -> dict[str, str]:
    found = {kind.code: kind.title}
    for child in kind.__subclasses__():
        found |= _titles(child)
    return found


TITLES = _titles(GalleryError)
"""What a person calls each error, by its code."""

__all__ = [
    "TITLES",
    "BadRequest",
    "BadSetting",
    "BrokenHeader",
    "BrokenUpload",
    "CannotStripMetadata",
    "CutOff",
    "DamagedRecord",
    "EmptyFile",
    "EventsUnavailable",
    "ForeignRecord",
    "GalleryError",
    "ImageNotFound",
    "IndexNotReady",
    "InflatesTooMuch",
    "MadeByNewerRelease",
    "MissingFile",
    "NeedsTooMuchMemory",
    "NoRoomToRetry",
    "NotAnImage",
    "NotRestorable",
    "NotRetryable",
    "OriginalMissing",
    "OutOfMemory",
    "RenderTimeout",
    "RendererDied",
    "TooLarge",
    "TooManyFiles",
    "TooManyFrames",
    "TooManyListeners",
    "TooManyPixels",
    "TooManyScans",
    "TooMuchMetadata",
    "TooMuchToZip",
    "TooSlow",
    "Unrenderable",
    "UnsupportedKind",
    "UnusableRecord",
    "VolumeFull",
    "VolumeUnavailable",
    "volume_error",
]
