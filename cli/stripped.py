"""The pictures of an export that came without metadata, by their own hashes, which no record has."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from threading import Lock


class Stripped:
    """A list in the export's folder, so that a second run only asks whether they changed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".without-metadata.jsonl"
        self._lock = Lock()
        self._etags: dict[tuple[str, str], str] = {}
        if self._path.exists():
            for line in self._path.read_text("utf-8", errors="replace").split("\n"):
                with suppress(ValueError, KeyError, TypeError):  # a torn or damaged line costs one download
                    entry = json.loads(line)
                    etag = entry["etag"]
                    if isinstance(etag, str) and etag.isascii() and etag.isprintable():
                        self._etags[entry["id"], entry["sha256"]] = etag

    def etag(self, image_id: str, sha256: str) -> str:
        """The ETag of the download with this hash; empty if there was none."""
        return self._etags.get((image_id, sha256), "")

    def add(self, image_id: str, sha256: str, etag: str) -> None:
        """Remember a picture; raises `OSError`."""
        line = json.dumps({"id": image_id, "sha256": sha256, "etag": etag})
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
