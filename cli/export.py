"""`gallery export DIR`: every original as it was uploaded, and its record; run again, it fetches what is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path, PurePath
from typing import Any

import click

from cli.client import Client, Refused, with_client
from pipeline.ids import is_id
from pipeline.names import clean_name


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--state", type=click.Choice(["pending", "ready", "failed"]), help="Only images in this state.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Files to fetch at once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: each file, then the sum.")
@with_client
def export(client: Client, folder: Path, state: str | None, jobs: int, as_json: bool) -> None:
    """Fetch every original into FOLDER, by the day it came, and their records into FOLDER/records.jsonl.

    Each file is compared with the hash in its record. Exit status: 0 where all are there, 1 where one is not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = list(client.records(**({"state": state} if state else {})))
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(jobs) as pool:
        verdicts: Iterable[str] = pool.map(lambda record: fetch(client, record, folder), records)
        with click.progressbar(length=len(records), label="Fetching", file=sys.stderr, show_pos=True) as bar:
            for record, verdict in zip(records, verdicts, strict=True):
                bar.update(1)
                counts[verdict] = counts.get(verdict, 0) + 1
                if as_json:
                    path = str(target(record, folder).relative_to(folder))
                    click.echo(json.dumps({"id": record["id"], "path": path, "verdict": verdict}, ensure_ascii=False))
                elif verdict not in ("fetched", "here already"):
                    click.echo(f"{verdict:9} {record['id']} {record['name']}")
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    whole = folder / ".records.jsonl.part"
    whole.write_text(lines, "utf-8")
    whole.replace(folder / "records.jsonl")
    if as_json:
        click.echo(json.dumps({"sum": counts}))
    else:
        click.echo(", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing to fetch")
    sys.exit(0 if set(counts) <= {"fetched", "here already"} else 1)


def target(record: dict[str, Any], folder: Path) -> Path:
    """Where an original goes: the same place each time, and never outside the folder, whatever the gallery says."""
    if not is_id(record["id"]):
        raise Refused(200, "bad-answer", "The gallery answered with an id that is none.")
    name = PurePath(clean_name(record["name"], "bin").lstrip("."))
    day = str(record["received_at"])[:10]
    if not day.replace("-", "").isdigit():
        raise Refused(200, "bad-answer", "The gallery answered with a time that is none.")
    return folder / day / f"{name.stem[:120]}-{record['id'][-8:]}{name.suffix[:16]}"


def fetch(client: Client, record: dict[str, Any], folder: Path) -> str:
    """Fetch one original, whole or not at all; the verdict."""
    path = target(record, folder)
    if path.exists() and _sha256(path) == record["sha256"]:
        return "here already"
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{record['id']}.part")
    try:
        client.download(f"/images/{record['id']}/original", part)
        if _sha256(part) != record["sha256"]:
            return "damaged"
        part.replace(path)
    except Refused as refused:
        return "deleted" if refused.status == 404 else "refused"
    finally:
        part.unlink(missing_ok=True)
    return "fetched"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
