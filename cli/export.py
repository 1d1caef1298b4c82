"""`gallery export DIR`: every picture as far as the caller may have it, and its record; run again, what is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path, PurePath
from threading import Lock
from typing import Any

import click

from cli.client import Client, Refused, with_client
from pipeline.ids import is_id
from pipeline.names import clean_name

STRIPPED = "fetched without metadata"
_GOOD = {"fetched", STRIPPED, "here already"}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--state", type=click.Choice(["pending", "ready", "failed"]), help="Only images in this state.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Files to fetch at once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: each file, then the sum.")
@with_client
def export(client: Client, folder: Path, state: str | None, jobs: int, as_json: bool) -> None:
    """Fetch every original into FOLDER, by the day it came, and their records into FOLDER/records.jsonl.

    Each original is compared with the hash in its record. If your token may not fetch originals, each picture comes
    without where, when and by whom it was taken. Exit status: 0 if all are there, 1 if one is not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetched = Fetched(folder)
    records = list(client.records(**({"state": state} if state else {})))
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(jobs) as pool:
        verdicts: Iterable[str] = pool.map(lambda record: fetch(client, record, folder, fetched), records)
        with click.progressbar(length=len(records), label="Fetching", file=sys.stderr, show_pos=True) as bar:
            for record, verdict in zip(records, verdicts, strict=True):
                bar.update(1)
                counts[verdict] = counts.get(verdict, 0) + 1
                if as_json:
                    path = str(target(record, folder).relative_to(folder))
                    click.echo(json.dumps({"id": record["id"], "path": path, "verdict": verdict}, ensure_ascii=False))
                elif verdict not in _GOOD:
                    click.echo(f"{verdict:9} {record['id']} {record['name']}")
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    whole = folder / ".records.jsonl.part"
    whole.write_text(lines, "utf-8")
    whole.replace(folder / "records.jsonl")
    if as_json:
        click.echo(json.dumps({"sum": counts}))
    else:
        click.echo(", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing to fetch")
    if STRIPPED in counts:
        click.echo("Your token may not fetch originals: these pictures came without their metadata.", err=True)
    sys.exit(0 if set(counts) <= _GOOD else 1)


def target(record: dict[str, Any], folder: Path) -> Path:
    """Where an original goes: the same place each time, and never outside the folder, whatever the gallery says."""
    if not is_id(record["id"]):
        raise Refused(200, "bad-answer", "The gallery answered with an id that is none.")
    name = PurePath(clean_name(record["name"], "bin").lstrip("."))
    day = str(record["received_at"])[:10]
    if not day.replace("-", "").isdigit():
        raise Refused(200, "bad-answer", "The gallery answered with a time that is none.")
    return folder / day / f"{name.stem[:120]}-{record['id'][-8:]}{name.suffix[:16]}"


def fetch(client: Client, record: dict[str, Any], folder: Path, fetched: Fetched) -> str:
    """Fetch one picture, whole or not at all, the original if the caller may; the verdict."""
    path = target(record, folder)
    here = _sha256(path) if path.exists() else ""
    if here == record["sha256"]:
        return "here already"
    original = "original" in record["links"] or "download" not in record["links"]  # 0.1 had originals alone
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{record['id']}.part")
    try:
        if original:
            client.download(f"/images/{record['id']}/original", part)
            if _sha256(part) != record["sha256"]:
                return "damaged"
        else:
            known = fetched.etag(record["id"], here)
            etag = client.download(f"/images/{record['id']}/download", part, unless=known)
            fetched.add(record["id"], _sha256(part), etag)
        part.replace(path)
    except Refused as refused:
        return {304: "here already", 404: "deleted"}.get(refused.status, "refused")
    finally:
        part.unlink(missing_ok=True)
    return "fetched" if original else STRIPPED


class Fetched:
    """Which pictures came without metadata, by their own hash: no record has that one. Kept in the export's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".without-metadata.jsonl"
        self._lock = Lock()
        self._etags: dict[tuple[str, str], str] = {}
        if self._path.exists():
            for line in self._path.read_text("utf-8").splitlines():
                with suppress(ValueError, KeyError, TypeError):  # a line that was cut off
                    entry = json.loads(line)
                    self._etags[entry["id"], entry["sha256"]] = entry["etag"]

    def etag(self, image_id: str, sha256: str) -> str:
        """The ETag with which the bytes of this hash came; empty if they did not."""
        return self._etags.get((image_id, sha256), "")

    def add(self, image_id: str, sha256: str, etag: str) -> None:
        """Remember a picture."""
        line = json.dumps({"id": image_id, "sha256": sha256, "etag": etag})
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
