"""`gallery import DIR`: send every picture of a folder, in parallel; run again, it goes on where it stopped."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import click

from cli.client import Client, Refused, Unreachable, with_client
from pipeline.images.formats import HEAD_BYTES, identify


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file: `accepted`, `here already`, `sent before`, `no picture`, `refused`, `unreadable`."""

    path: str
    verdict: str
    id: str | None = None
    code: str | None = None
    message: str | None = None

    @property
    def bad(self) -> bool:
        """Whether somebody should look at it."""
        return self.verdict in ("refused", "unreadable", "failed")


class Log:
    """What was sent from a folder to a gallery, kept in the user's own folder between runs."""

    def __init__(self, folder: Path, url: str, *, forget: bool) -> None:
        name = sha256(f"{url} {folder}".encode()).hexdigest()[:16]
        self._path = Path(click.get_app_dir("gallery")) / f"import-{name}.jsonl"
        if forget:
            self._path.unlink(missing_ok=True)
        self._sent = dict(self._read())

    def _read(self) -> Iterator[tuple[str, str]]:
        if not self._path.exists():
            return
        for line in self._path.read_text("utf-8", "replace").splitlines():
            try:
                entry = json.loads(line)
                yield entry["key"], entry["id"]
            except (ValueError, KeyError, TypeError):
                continue  # a line torn by a crash: its file is sent again, and found to be there

    def get(self, path: Path) -> str | None:
        """The id under which this very state of the file was sent."""
        return self._sent.get(_key(path))

    def add(self, path: Path, image_id: str) -> None:
        """Remember it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": _key(path), "id": image_id}) + "\n")


def _key(path: Path) -> str:
    state = path.stat()
    return f"{os.fsencode(path).hex()} {state.st_size} {state.st_mtime_ns}"


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder in a fixed order; hidden ones are left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))


def send(client: Client, log: Log, path: Path, shown: str) -> Verdict:
    """Send one file, unless it is no picture or was sent before."""
    try:
        if (known := log.get(path)) is not None:
            return Verdict(shown, "sent before", known)
        with path.open("rb") as file:
            if identify(file.read(HEAD_BYTES)) is None:
                return Verdict(shown, "no picture")
        new, record = client.upload(path)
        log.add(path, record["id"])
        return Verdict(shown, "accepted" if new else "here already", record["id"])
    except Refused as refused:
        if refused.status in (401, 403, 507) or refused.status >= 500:
            raise
        return Verdict(shown, "refused", None, refused.code, str(refused))
    except OSError as error:
        return Verdict(shown, "unreadable", None, None, error.strerror or str(error))


def in_parallel(client: Client, log: Log, folder: Path, paths: Iterable[Path], jobs: int) -> Iterator[Verdict]:
    """Verdicts as they come; at most twice `jobs` files are in hand at once."""
    source = iter(paths)
    with ThreadPoolExecutor(jobs) as pool:
        running: set[Future[Verdict]] = set()
        try:
            while True:
                for path in islice(source, 2 * jobs - len(running)):
                    shown = os.fsencode(path.relative_to(folder)).decode("utf-8", "replace")
                    running.add(pool.submit(send, client, log, path, shown))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def outcome(client: Client, verdict: Verdict) -> Verdict:
    """The verdict once the thumbnail is made, or is not to be made."""
    while verdict.id is not None:
        try:
            record = client.call("GET", f"/api/images/{verdict.id}")
        except Refused as refused:
            if refused.status != 404:
                raise
            return Verdict(verdict.path, "deleted since", verdict.id)
        if record["state"] == "failed":
            reason = record["reason"]
            return Verdict(verdict.path, "failed", verdict.id, reason["code"], reason["message"])
        if record["state"] != "pending":
            return verdict
        time.sleep(0.5)
    return verdict


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Files to send at once.")
@click.option("--wait", "until_made", is_flag=True, help="Wait for the thumbnails, and tell of those that failed.")
@click.option("--again", is_flag=True, help="Forget what was sent before.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: each file, then the sum.")
@with_client
def import_(client: Client, folder: Path, jobs: int, until_made: bool, again: bool, as_json: bool) -> None:
    """Send every picture below FOLDER. Stopped and run again, it sends what is left.

    Exit status: 0 where every picture is there, 1 where one was refused, could not be read or failed, 2 where the
    gallery did not answer.
    """
    folder = folder.absolute()
    paths = list(files(folder))
    log = Log(folder, client.url, forget=again)
    counts: Counter[str] = Counter()
    bad = False

    def ended(verdict: Verdict) -> None:
        nonlocal bad
        counts[verdict.verdict] += 1
        bad = bad or verdict.bad
        _tell(verdict, as_json=as_json)

    sent: list[Verdict] = []
    try:
        with click.progressbar(length=len(paths), label="Sending", file=sys.stderr, show_pos=True) as bar:
            for verdict in in_parallel(client, log, folder, paths, jobs):
                bar.update(1)
                if until_made and verdict.id is not None:
                    sent.append(verdict)
                else:
                    ended(verdict)
        with click.progressbar(sent, label="Making", file=sys.stderr, show_pos=True, hidden=not sent) as waiting:
            for verdict in waiting:
                ended(outcome(client, verdict))
    except KeyboardInterrupt:
        click.echo("Stopped. Run it again to go on.", err=True)
        sys.exit(130)
    except (Refused, Unreachable):
        click.echo("Run it again to go on.", err=True)
        raise
    finally:
        if as_json:
            click.echo(json.dumps({"sum": counts}))
        else:
            click.echo(", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing to send")
    sys.exit(1 if bad else 0)


def _tell(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(verdict), ensure_ascii=False))
    elif verdict.bad or verdict.verdict in ("accepted", "here already"):
        click.echo(f"{verdict.verdict:13} {verdict.path}{f': {verdict.message}' if verdict.message else ''}")
