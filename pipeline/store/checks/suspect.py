"""An image folder whose name, record and bytes do not agree, and all that is known about it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.records import Record
from pipeline.store.checks.claims import claims_of
from pipeline.store.checks.disk import entries, read_record, sha256
from pipeline.store.renditions import possible_names
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume


@dataclass(frozen=True, slots=True)
class Suspect:
    """A folder, the id in its name, what that id claims, its record if it can be read, the hashes of its other files.

    `left` are whole records under temporary names, which a crash left.
    """

    folder: Path
    image_id: str
    claimed: set[str]
    record: Record | None
    hashes: dict[Path, str]
    left: dict[Path, Record] = field(default_factory=dict)

    @property
    def original(self) -> Path | None:
        """Where the record says that the original is."""
        return self.folder / self.record.original if self.record else None

    @property
    def is_whole(self) -> bool:
        """Whether record and original belong together, whatever image they are."""
        return self.record is not None and self.hashes.get(self.folder / self.record.original) == self.record.sha256

    @property
    def has_its_bytes(self) -> bool:
        """Whether the folder holds the bytes that its image claims."""
        return bool(self.claimed & set(self.hashes.values()))

    @property
    def is_strange(self) -> bool:
        """Whether the record is that of another image."""
        return self.record is not None and self.record.id != self.image_id


def suspects_of(volume: Volume, folders: Collection[Path]) -> list[Suspect]:
    """Read folders completely; what cannot be read counts as missing."""
    ids = {folder: folder.name.partition(".")[0] for folder in folders}
    claimed = claims_of(volume, set(ids.values()))
    return [_suspect(folder, image_id, claimed[image_id]) for folder, image_id in ids.items()]


def _suspect(folder: Path, image_id: str, claimed: set[str]) -> Suspect:
    record, hashes, left = None, {}, {}
    with suppress(OSError, ValueError):
        record = read_record(folder / RECORD)
    made = {RECORD, *possible_names()}
    with suppress(OSError):
        for entry in entries(folder):
            path = Path(entry)
            with suppress(OSError, ValueError):
                if entry.name.startswith(f".{RECORD}."):
                    left[path] = read_record(path)
                elif entry.name not in made and entry.is_file(follow_symlinks=False):
                    hashes[path] = sha256(path)
    return Suspect(folder, image_id, claimed, record, hashes, left)
