"""The paths of everything on the volume."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.ids import is_id, least_at, made_at
from pipeline.images.header import Format

RECORD = "image.json"
FORMER_CLAIMS = 3
"""Length of the folder names in which release 0.1 kept claims."""
DELETED, MOVING = ".deleted", ".moving"
KEPT_MARKER = ".marker.tmp"
"""The marker of a pending image, in its folder while it is in the trash. Elsewhere it is a leftover."""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MINUTE = re.compile("[0-9]{4}")


class Layout:
    """Paths below the root of a volume. Ids are validated here, before they become part of a path."""

    BESIDE = ("redis", "volume.json")
    """Other entries of the root: the data of the Redis that `make run` starts, and the volume's id."""

    FOLDERS = ("incoming", "images", "trash", "pending", "failed", "hashes", "days", "locks", "signed-out")

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self.images = root / "images"
        self.trash = root / "trash"
        self.pending = root / "pending"
        self.failed = root / "failed"
        self.hashes = root / "hashes"
        self.days = root / "days"
        self.locks = root / "locks"
        self.signed_out = root / "signed-out"
        self.sweep_lock = self.locks / "sweep"
        self.image_locks = self.locks / "images"
        self.clock = self.locks / "clock"
        self.identity = root / "volume.json"

    def upload(self, image_id: str, token: str) -> Path:
        """The folder in which the process with this token writes an upload."""
        return self.incoming / f"{_checked(image_id)}.{token}"

    def leaving(self, image_id: str) -> Path:
        """Where the folder of a deleted image stays until it is removed."""
        return self.incoming / f"{_checked(image_id)}{DELETED}"

    def trashed(self, image_id: str) -> Path:
        """The folder of an image that was put into the trash."""
        return self.trash / _checked(image_id)

    def moving(self, image_id: str) -> Path:
        """Where a repair puts the folder of an image for as long as another image's is in its place."""
        return self.image(image_id).with_name(f"{_checked(image_id)}{MOVING}")

    def bucket(self, image_id: str) -> Path:
        """The folder of the minute in which the id was made."""
        return self.images.joinpath(*bucket_names(_checked(image_id)))

    def image(self, image_id: str) -> Path:
        """The folder of an accepted image."""
        return self.bucket(image_id) / image_id

    def record(self, image_id: str) -> Path:
        """The record of an accepted image."""
        return self.image(image_id) / RECORD

    def rendition(self, image_id: str, name: str, format_: Format = Format.WEBP) -> Path:
        """A rendition; `name` is `grid` or `view`."""
        return self.image(image_id) / rendition_name(name, format_)

    def marker(self, image_id: str) -> Path:
        """The image's marker in the outbox."""
        return self.pending / _checked(image_id)

    def failure(self, image_id: str) -> Path:
        """The marker of a failed image."""
        return self.failed / _checked(image_id)

    def claim(self, sha256: str) -> Path:
        """The claim on a hash: a symbolic link whose target is the id of the image with these bytes."""
        return self.hashes / sha256[:2] / sha256

    def former_claims(self, sha256: str) -> Path:
        """The folder in which release 0.1 kept claims, as empty files `<sha256>.<id>`."""
        return self.hashes / sha256[:FORMER_CLAIMS]

    def day_file(self, day: str) -> Path:
        """The records of a day in one file: a hint."""
        if not is_day(day):
            raise ValueError(f"not a day: {day!r}")
        return self.days / day

    def hash_lock(self, sha256: str) -> Path:
        """The lock that guards accepting and deleting bytes with this hash."""
        return self.locks / f"hash-{sha256[:2]}"


def rendition_name(name: str, format_: Format) -> str:
    """The file name of a rendition within the image's folder."""
    return f"{name}.{format_.extension}"


def bucket_names(image_id: str) -> tuple[str, str]:
    """The names of the day's and the minute's folder of an id."""
    at = made_at(image_id)
    return f"{at:%Y-%m-%d}", f"{at:%H%M}"


def is_day(name: str) -> bool:
    """Whether this is the name of a day's folder."""
    return ids_of_minute(name, "0000") is not None


def ids_of_minute(day: str, minute: str) -> tuple[str, str] | None:
    """The range of ids in the folder `minute` of the folder `day`: from the first, up to but without the second.

    None if these are no names of a day and a minute.
    """
    if not _DAY.fullmatch(day) or not _MINUTE.fullmatch(minute):
        return None
    try:
        begin = datetime(int(day[:4]), int(day[5:7]), int(day[8:]), int(minute[:2]), int(minute[2:]), tzinfo=UTC)
        return least_at(begin), least_at(begin + timedelta(minutes=1))
    except (ValueError, OverflowError):
        return None


def _checked(image_id: str) -> str:
    if not is_id(image_id):
        raise ValueError(f"not an image id: {image_id!r}")
    return image_id
