"""What was sent from a folder to a gallery, kept in the user's own folder between runs.

It saves asking the gallery again, and is worth no more than that: a log that is damaged or cannot be written costs
time, and no file.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import click

from cli.source import Source


class ImportLog:
    """The files that the gallery at `url` has taken, by path and state. Lines are appended, one for each file."""

    def __init__(self, folder: Path, url: str, *, forget: bool) -> None:
        name = sha256(f"{url} ".encode() + os.fsencode(folder)).hexdigest()[:16]
        self._path = Path(click.get_app_dir("gallery")) / f"import-{name}.jsonl"
        self._lock = threading.Lock()
        self._is_writable = True
        if forget:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._sent: dict[str, str] = {} if forget else dict(self._read())

    def get(self, source: Source) -> str | None:
        """The id under which the file was sent as it is now."""
        return self._sent.get(_key(source))

    def add(self, source: Source, image_id: str) -> None:
        """Remember that the file was sent in the state that it had when it was opened."""
        line = json.dumps({"key": _key(source), "id": image_id})
        with self._lock:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                log = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    os.write(log, f"\n{line}\n".encode())  # the line before may have been torn
                finally:
                    os.close(log)
            except OSError as error:
                self._warn(f"What was sent is not remembered in {self._path}: {error.strerror}.")

    def _read(self) -> Iterator[tuple[str, str]]:
        try:
            lines = self._path.read_text("utf-8", "replace").split("\n")
        except FileNotFoundError:
            return
        except OSError as error:
            self._warn(f"What was sent before cannot be read from {self._path}: {error.strerror}.")
            return
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):  # a torn line costs one question to the gallery
                entry = json.loads(line)
                key, image_id = entry["key"], entry["id"]
                if isinstance(key, str) and isinstance(image_id, str):
                    yield key, image_id

    def _warn(self, sentence: str) -> None:
        if self._is_writable:
            self._is_writable = False
            click.echo(sentence, err=True)


def _key(source: Source) -> str:
    return " ".join([os.fsencode(source.path).hex(), *map(str, source.state)])
