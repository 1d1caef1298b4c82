"""`gallery export DIR`: download every picture and its record; run again, download the rest."""

from __future__ import annotations

import errno
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import click

from cli.answers import Image
from cli.client import Client, Refused, Stopped, Unreachable
from cli.options import with_client
from cli.parallel import ctrl_c_sets, finish, in_parallel
from cli.progress import progress_bar
from cli.stripped import Stripped
from cli.verdicts import Report
from pipeline.names import clean_name

_TRIES = 2
_LONGEST_NAME = 255
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_BAD = frozenset({"damaged", "deleted", "missing", "refused", "not written", "not fetched"})
STRIPPED = "fetched without metadata"
_QUIET = frozenset({"fetched", STRIPPED, "here already", "not fetched"})
_LARGER = 1024 * 1024  # what leaving out metadata may add at most, and more than it does


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one original, and the reason as a sentence."""

    outcome: str
    message: str | None = None


_NOT_FETCHED = Verdict("not fetched")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--state", type=click.Choice(["pending", "ready", "failed"]), help="Only images in this state.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Files to fetch at once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: each file, then the sum.")
@with_client
def export(client: Client, folder: Path, state: str | None, jobs: int, as_json: bool) -> None:
    """Fetch every original into FOLDER, by the day it came in, and their records into FOLDER/records.jsonl.

    Each original is compared with the hash in its record. If your token may not fetch originals, each picture comes
    without where, when and by whom it was taken. If stopped, run it again to fetch the rest.

    Exit status: 0 if every original is there; 1 if one was deleted meanwhile, refused, damaged, or could not be
    written; 2 if the gallery did not answer, or FOLDER takes no more; 130 after Ctrl-C.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = list(client.records(**({"state": state} if state else {})))
    run = Export(client, folder)
    report = Report(as_json, _BAD, _QUIET)
    images = [image for image, _ in listed]
    with ctrl_c_sets(client.stopped):
        with progress_bar("Fetching", len(images), show_pos=True) as bar:
            for image, verdict in in_parallel(images, run.fetch, jobs, client.stopped, _NOT_FETCHED):
                bar.update(1)
                path = str(target(image, folder).relative_to(folder))
                fields = {"id": image.id, "path": path, "verdict": verdict.outcome, "message": verdict.message}
                report.add(verdict.outcome, f"{image.id} {image.name}", fields, verdict.message)
        try:
            write_records([plain for _, plain in listed], folder)
        except OSError as error:
            run.halt(error)
        report.close("Nothing to fetch.")
    if any(not image.has_original for image in images):
        click.echo("Your token may not fetch originals: these pictures come without their metadata.", err=True)
    finish(run.halted, client.stopped, needs_attention=report.needs_attention)


class Export:
    """Fetches originals; `halted` is the error that ended it, if there was one."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.halted: Exception | None = None
        self._client = client
        self._folder = folder
        self._stripped = Stripped(folder)

    def halt(self, error: Exception) -> None:
        """Fetch no more."""
        if isinstance(error, OSError):
            error = CannotWrite(f"{self._folder} takes no more: {error.strerror}.")
        self.halted = self.halted or error
        self._client.stopped.set()

    def fetch(self, image: Image) -> Verdict:
        """Fetch one original, whole or not at all."""
        path = target(image, self._folder)
        part = path.with_name(f".{image.id}.part")
        try:
            here = _sha256(path) if path.is_file() else ""
            if here == image.sha256:
                return Verdict("here already")
            path.parent.mkdir(exist_ok=True)
            if image.has_original:
                return self._fetch(image, path, part)
            return self._fetch_stripped(image, path, part, self._stripped.etag(image.id, here))
        except Refused as refused:
            if refused.status == 304:
                return Verdict("here already")
            if refused.status == 404:
                return self._absent(image)
            if not refused.concerns_all:
                return Verdict("refused", str(refused))
            self.halt(refused)
        except Unreachable as error:
            self.halt(error)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                return Verdict("not written", error.strerror)
            self.halt(error)
        except Stopped:
            pass
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return _NOT_FETCHED

    def _absent(self, image: Image) -> Verdict:
        """Whether the image was deleted, or its original is missing on the gallery's volume."""
        try:
            self._client.call("GET", f"/api/images/{image.id}", Image)
        except Refused as refused:
            return Verdict("deleted") if refused.status == 404 else Verdict("refused", str(refused))
        return Verdict("missing", "The gallery does not have its original.")

    def _fetch(self, image: Image, path: Path, part: Path) -> Verdict:
        for _ in range(_TRIES):
            self._client.download(f"/images/{image.id}/original", partial(_fresh, part), image.bytes)
            if _sha256(part) == image.sha256:
                part.replace(path)
                return Verdict("fetched")
        return Verdict("damaged", "The bytes do not have the hash that is in the record.")

    def _fetch_stripped(self, image: Image, path: Path, part: Path, known: str) -> Verdict:
        """Fetch a picture without its metadata; no record has its hash."""
        most = image.bytes + _LARGER
        etag = self._client.download(f"/images/{image.id}/download", partial(_fresh, part), most, unless=known)
        if part.stat().st_size > most:
            return Verdict("damaged", "There are more bytes than the picture can have.")
        self._stripped.add(image.id, _sha256(part), etag)
        part.replace(path)
        return Verdict(STRIPPED)


class CannotWrite(Exception):
    """The folder cannot be written to; the message says why."""


def target(image: Image, folder: Path) -> Path:
    """The path for an original: always the same, and never outside the folder, whatever the gallery answers."""
    name = PurePath(clean_name(image.name, "bin").lstrip("."))
    end = f"-{image.id[-8:]}{name.suffix[:16]}"
    stem = name.stem[:120].encode()[: _LONGEST_NAME - len(end.encode())].decode("utf-8", "ignore")
    return folder / image.received_at[:10] / f"{stem}{end}"


def write_records(records: list[dict[str, Any]], folder: Path) -> None:
    """Write all records, one a line, whole or not at all; raises `OSError`."""
    part = folder / ".records.jsonl.part"
    part.unlink(missing_ok=True)
    try:
        with part.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        part.replace(folder / "records.jsonl")
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _fresh(part: Path) -> BinaryIO:
    """An empty file in the place of `part`, whatever is there; no link is followed."""
    part.unlink(missing_ok=True)
    return part.open("xb")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
