"""`gallery import DIR`: upload every picture of a folder, in parallel; run again, upload the rest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from cli.answers import Image
from cli.client import Client, Refused, Stopped, Unreachable
from cli.folder import SkippedEntry, entries
from cli.import_log import ImportLog
from cli.options import with_client
from cli.parallel import ctrl_c_sets, finish, in_parallel
from cli.progress import progress_bar
from cli.source import Body, Changed, NoFile, Source, Unreadable, opened
from cli.verdicts import Report, path_fields
from pipeline.images.formats import HEAD_BYTES, identify

_TRIES = 3
_PAUSE_SECONDS = 1.0
_POLL_SECONDS = 0.5
_BAD = frozenset({"refused", "unreadable", "changed", "gone", "failed", "not sent"})
_QUIET = frozenset({"sent before", "no picture", "not sent"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one file, its image's id, and the reason as a sentence."""

    outcome: str
    id: str | None = None
    code: str | None = None
    message: str | None = None


_NOT_SENT = Verdict("not sent")


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Files to send at once.")
@click.option("--wait", "until_made", is_flag=True, help="Wait for the thumbnails, and report those that fail.")
@click.option("--again", is_flag=True, help="Also ask the gallery about files that were sent before.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line: each file, then the sum.")
@with_client
def import_(client: Client, folder: Path, jobs: int, until_made: bool, again: bool, as_json: bool) -> None:
    """Send every picture below FOLDER. If stopped, run it again to send the rest.

    Bytes that the gallery already has are not sent. Hidden files and folders are skipped, links to folders are not
    followed.

    Exit status: 0 if nothing is left; 1 if a file was refused, could not be read, was changed meanwhile, or failed;
    2 if the gallery did not answer, or would refuse every file; 130 after Ctrl-C.
    """
    folder = folder.absolute()
    found = list(entries(folder))
    run = Import(client, ImportLog(folder, client.url, forget=again))
    report = Report(as_json, _BAD, _QUIET)

    def say(path: Path, verdict: Verdict) -> None:
        shown = str(path.relative_to(folder))
        fields = {**path_fields(shown), "verdict": verdict.outcome, "id": verdict.id, "code": verdict.code}
        report.add(verdict.outcome, shown, {**fields, "message": verdict.message}, verdict.message)

    sent: list[tuple[Path, Verdict]] = []
    with ctrl_c_sets(client.stopped):
        with progress_bar("Sending", len(found), show_pos=True) as bar:
            for entry, verdict in in_parallel(found, run.process, jobs, client.stopped, _NOT_SENT):
                bar.update(1)
                path = entry.path if isinstance(entry, SkippedEntry) else entry
                if until_made and verdict.id is not None:
                    sent.append((path, verdict))
                else:
                    say(path, verdict)
        with progress_bar("Making", len(sent), show_pos=True, hidden=not sent) as bar:
            for path, verdict in run.outcomes(sent):
                bar.update(1)
                say(path, verdict)
        report.close("Nothing to send.")
    finish(run.halted, client.stopped, needs_attention=report.needs_attention)


class Import:
    """Sends files; `halted` is the error that ended it, if there was one."""

    def __init__(self, client: Client, log: ImportLog) -> None:
        self.halted: Exception | None = None
        self._client = client
        self._log = log

    def process(self, entry: Path | SkippedEntry) -> Verdict:
        """Send a file, or return the reason not to."""
        if isinstance(entry, SkippedEntry):
            return (
                Verdict("skipped", message=entry.why) if entry.error is None else _unreadable(entry.path, entry.error)
            )
        try:
            return self._send(entry)
        except NoFile as error:
            return Verdict("skipped", message=str(error))
        except Unreadable as error:
            return _unreadable(entry, error.error)
        except Refused as refused:
            if not refused.concerns_all:
                return Verdict("refused", None, refused.code, str(refused))
            self._halt(refused)
        except Unreachable as error:
            self._halt(error)
        except Stopped:
            pass
        return _NOT_SENT

    def outcomes(self, sent: Iterable[tuple[Path, Verdict]]) -> Iterator[tuple[Path, Verdict]]:
        """The verdicts after the thumbnails were made or failed. Once stopped, the verdicts as they were."""
        for path, verdict in sent:
            try:
                yield path, self._outcome(verdict)
            except (Refused, Unreachable) as error:
                self._halt(error)
                yield path, verdict
            except Stopped:
                yield path, verdict

    def _halt(self, error: Exception) -> None:
        self.halted = self.halted or error
        self._client.stopped.set()

    def _send(self, path: Path) -> Verdict:
        for _ in range(_TRIES):
            try:
                with opened(path) as source:
                    return self._send_source(source)
            except Changed:
                if self._client.stopped.wait(_PAUSE_SECONDS):
                    raise Stopped from None
        return Verdict("changed", message="It is being changed. Run the import again when it is whole.")

    def _send_source(self, source: Source) -> Verdict:
        if (known := self._log.get(source)) is not None:
            return Verdict("sent before", known)
        if identify(source.head(HEAD_BYTES)) is None:
            return Verdict("no picture")
        digest = source.sha256()
        is_new, image = False, self._find(digest)
        if image is None:
            is_new, image = self._client.upload(
                source.name, source.size, lambda: Body(source, digest, self._client.stopped)
            )
        else:
            source.require_unchanged()
        if image.sha256 != digest:
            return Verdict("refused", None, "other-bytes", "The gallery answered with the record of other bytes.")
        self._log.add(source, image.id)
        return Verdict("accepted" if is_new else "here already", image.id)

    def _find(self, digest: str) -> Image | None:
        """The image with these bytes; None also if the gallery cannot say, so that they are sent."""
        try:
            return self._client.find(digest)
        except Refused as refused:
            if refused.concerns_all:
                raise
            return None

    def _outcome(self, verdict: Verdict) -> Verdict:
        while True:
            try:
                image = self._client.call("GET", f"/api/images/{verdict.id}", Image)
            except Refused as refused:
                if refused.status != 404:
                    raise
                return Verdict("deleted since", verdict.id)
            if image.state == "failed" and image.reason is not None:
                return Verdict("failed", verdict.id, image.reason.code, image.reason.message)
            if image.state != "pending":
                return verdict
            if self._client.stopped.wait(_POLL_SECONDS):
                raise Stopped


def _unreadable(path: Path, error: OSError) -> Verdict:
    if isinstance(error, FileNotFoundError) and not os.path.lexists(path):
        return Verdict("gone", message="It was removed while the import ran.")
    return Verdict("unreadable", message=error.strerror or str(error))
