"""Where everything lies on the volume."""

from __future__ import annotations

from pathlib import Path

from pipeline.ids import is_id, made_at

RECORD = "image.json"


class Layout:
    """Paths below the root of a volume. Ids are checked here, before they become part of a path."""

    FOLDERS = ("incoming", "images", "pending", "failed", "hashes", "locks", "signed-out")

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self.images = root / "images"
        self.pending = root / "pending"
        self.failed = root / "failed"
        self.hashes = root / "hashes"
        self.locks = root / "locks"
        self.signed_out = root / "signed-out"
        self.sweep_lock = self.locks / "sweep"

    def draft(self, image_id: str) -> Path:
        """The folder in which an image is written before it is accepted."""
        return self.incoming / _checked(image_id)

    def leaving(self, image_id: str) -> Path:
        """Where the folder of a deleted image waits to be removed."""
        return self.incoming / f"{_checked(image_id)}.deleted"

    def bucket(self, image_id: str) -> Path:
        """The folder of the minute in which the id was made."""
        at = made_at(_checked(image_id))
        return self.images / f"{at:%Y-%m-%d}" / f"{at:%H%M}"

    def image(self, image_id: str) -> Path:
        """The folder of an accepted image."""
        return self.bucket(image_id) / image_id

    def record(self, image_id: str) -> Path:
        """The record of an accepted image."""
        return self.image(image_id) / RECORD

    def rendition(self, image_id: str, name: str) -> Path:
        """A rendition, by its name: `grid` or `view`."""
        return self.image(image_id) / f"{name}.webp"

    def marker(self, image_id: str) -> Path:
        """The image's marker in the outbox."""
        return self.pending / _checked(image_id)

    def failure(self, image_id: str) -> Path:
        """The marker of a failed image."""
        return self.failed / _checked(image_id)

    def claims(self, sha256: str) -> Path:
        """The folder in which images claim the bytes with this hash."""
        return self.hashes / sha256[:3]

    def claim(self, sha256: str, image_id: str) -> Path:
        """The claim of one image on its bytes."""
        return self.claims(sha256) / f"{sha256}.{_checked(image_id)}"

    def hash_lock(self, sha256: str) -> Path:
        """The lock under which bytes with this hash are accepted and deleted."""
        return self.locks / f"hash-{sha256[:2]}"


def _checked(image_id: str) -> str:
    if not is_id(image_id):
        raise ValueError(f"not an image id: {image_id!r}")
    return image_id
