"""`gallery doctor`: check a volume against its rules, name each violation, and repair what can be repaired."""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import click

from cli.progress import progress_over
from pipeline.errors import BadSetting, GalleryError
from pipeline.logs import set_up_logs
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.checks.examine import Examination, Repaired, repair
from pipeline.store.checks.image import Decode
from pipeline.store.checks.tree import images
from pipeline.store.checks.violation import Violation
from pipeline.volume.files import keep_from_others


@click.command()
@click.option("--repair", "repairs", is_flag=True, help="Repair what can be repaired.")
@click.option("--quick", is_flag=True, help="Compare sizes only; don't read and decode every file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(repairs: bool, quick: bool, as_json: bool) -> None:
    """Check the volume of GALLERY_DATA; the services may go on meanwhile.

    Exit status: 0 if every rule holds, or everything was repaired; 1 if a violation is left; 2 if the volume
    cannot be read.
    """
    keep_from_others()
    set_up_logs("doctor")
    logging.getLogger().setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
        store = Store(settings)
        if repairs and (owner := store.layout.images.stat().st_uid) != os.geteuid():
            click.echo(
                f"Repair as the user that the services run as (uid {owner}): files that are made belong to that user.",
                err=True,
            )
            sys.exit(2)
        examination = examination_of(store, quick=quick, require_sandbox=settings.require_sandbox)
        found = examination.all(partial(_bar, store=store, hidden=as_json or not sys.stderr.isatty()))
        done = repair(examination, found, _explain) if repairs else Repaired(found, found)
    except (OSError, BadSetting, GalleryError) as error:
        click.echo(f"The volume cannot be checked: {error}", err=True)
        sys.exit(2)
    if as_json:
        shown = [_shown(violation, done, repairs) for violation in done.found]
        click.echo(json.dumps({"violations": shown, "left": len(done.left)}, ensure_ascii=False))
    else:
        for violation in done.found:
            click.echo(
                f"{_verdict(violation, done, repairs):10} {violation.code:18} {violation.where}: {violation.sentence}"
            )
        click.echo(_summary(done, repairs))
    sys.exit(1 if done.left else 0)


def examine(store: Store, *, quick: bool = False) -> list[Violation]:
    """Every violation of a volume's rules; raises `OSError`."""
    return examination_of(store, quick=quick).all()


def examination_of(store: Store, *, quick: bool = False, require_sandbox: bool = False) -> Examination:
    """How this machine can look at a volume: it decodes renditions if Pillow is here."""
    decode = None if quick else _decoder(require_sandbox=require_sandbox)
    return Examination(store.volume, deep=not quick, decode=decode)


def _bar(folders: Iterable[Path], store: Store, *, hidden: bool) -> AbstractContextManager[Iterable[Path]]:
    length = None if hidden else sum(1 for _ in images(store.volume))
    return progress_over("Checking", folders, length, hidden=hidden)


def _explain(why: str) -> None:
    click.echo(f"Not repaired: {why}", err=True)


@cache
def _decoder(*, require_sandbox: bool) -> Decode | None:
    """A decoder of renditions, confined as that of originals; None, with one warning, where workers are not installed
    (as in the web image)."""
    if not (find_spec("PIL") and find_spec("worker")):
        click.echo("Pillow is not here: renditions are not decoded. Run this where workers run.", err=True)
        return None
    from worker.render_process.rendition_size import RenditionDecoder

    decoder = RenditionDecoder(require_sandbox=require_sandbox)
    atexit.register(decoder.stop)
    return decoder.size


def _verdict(violation: Violation, done: Repaired, repairs: bool) -> str:
    if repairs:
        return "left" if violation in done.left else "repaired"
    return "repairable" if violation.repair else "by hand"


def _shown(violation: Violation, done: Repaired, repairs: bool) -> dict[str, object]:
    return {
        "code": violation.code,
        "where": violation.where,
        "sentence": violation.sentence,
        "repairable": violation.repair is not None,
        "repaired": repairs and violation not in done.left,
    }


def _summary(done: Repaired, repairs: bool) -> str:
    if not done.found:
        return "Every rule holds."
    total, left = len(done.found), len(done.left)
    violations = "1 violation" if total == 1 else f"{total} violations"
    if not repairs:
        repairable = sum(violation.repair is not None for violation in done.found)
        return f"{violations}; --repair can repair {repairable}."
    return f"{violations}, {total - left} repaired, {left} left."
