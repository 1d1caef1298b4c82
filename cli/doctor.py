"""`gallery doctor`: check a volume against its rules, name each breach, and mend what can be mended."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from pipeline.errors import BadSetting, GalleryError
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.checks import Decode, Violation, check_around, check_image, images
from pipeline.volume.files import keep_from_others
from pipeline.volume.locks import Busy

_SECOND_LOOK_SECONDS = 1.0


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
@click.option("--quick", is_flag=True, help="Compare sizes only; don't read and decode every file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(repair: bool, quick: bool, as_json: bool) -> None:
    """Check the volume of GALLERY_DATA; the services may go on meanwhile.

    Exit status: 0 where every rule holds, or everything was mended; 1 where a breach is left; 2 where the volume
    cannot be read.
    """
    keep_from_others()
    try:
        store = Store(Settings.from_environment())
        if repair and (owner := store.layout.images.stat().st_uid) != os.geteuid():
            click.echo(
                f"Repair as the user that the services run as (uid {owner}): what is made belongs to it.", err=True
            )
            sys.exit(2)
        breaches = examine(store, quick=quick, quiet=as_json)
        left = mend(breaches) if repair else breaches
    except (OSError, BadSetting, GalleryError) as error:
        click.echo(f"The volume cannot be checked: {error}", err=True)
        sys.exit(2)
    if as_json:
        shown = [_shown(breach, mended=repair and breach not in left) for breach in breaches]
        click.echo(json.dumps({"breaches": shown, "left": len(left)}, ensure_ascii=False))
    else:
        for breach in breaches:
            click.echo(f"{_verdict(breach, left, repair):9} {breach.code:18} {breach.where}: {breach.sentence}")
        click.echo(_summary(breaches, left, repair))
    sys.exit(1 if left else 0)


def examine(store: Store, *, quick: bool = False, quiet: bool = True) -> list[Violation]:
    """Every breach of the volume's rules that is still there at a second look; raises `OSError`."""
    decode = None if quick else _decoder()
    folders = images(store)

    def one(folder: Path) -> Iterator[Violation]:
        return check_image(store, folder, decode, deep=not quick)

    with click.progressbar(folders, label="Checking", file=sys.stderr, hidden=quiet) as bar:
        suspects = {folder: found for folder in bar if (found := list(one(folder)))}
    around = list(check_around(store))
    if suspects or around:
        time.sleep(_SECOND_LOOK_SECONDS)
    confirmed = [
        breach for folder, found in suspects.items() if folder.exists() for breach in _both(found, one(folder))
    ]
    return confirmed + (_both(around, check_around(store)) if around else [])


def _both(first: Iterable[Violation], second: Iterable[Violation]) -> list[Violation]:
    seen = {(breach.code, breach.where) for breach in first}
    return [breach for breach in second if (breach.code, breach.where) in seen]


def mend(breaches: list[Violation]) -> list[Violation]:
    """Mend what can be mended; what is left."""
    return [breach for breach in breaches if breach.mend is None or not _mended(breach.mend)]


def _mended(step: Callable[[], None]) -> bool:
    try:
        step()
    except (OSError, GalleryError, Busy) as error:
        click.echo(f"Not mended: {error}", err=True)
        return False
    return True


def _decoder() -> Decode | None:
    """A decoder of renditions; None, said once, where Pillow is not installed (the web image)."""
    try:
        from PIL import Image
    except ImportError:
        click.echo("Pillow is not here: renditions are not decoded. Run this where workers run.", err=True)
        return None

    def decode(path: Path) -> tuple[int, int]:
        try:
            with Image.open(path, formats=("WEBP",)) as picture:
                picture.load()
                return picture.size
        except (OSError, SyntaxError) as error:
            raise ValueError(str(error)) from error

    return decode


def _verdict(breach: Violation, left: list[Violation], repair: bool) -> str:
    if repair:
        return "left" if breach in left else "mended"
    return "mendable" if breach.mend else "lost"


def _shown(breach: Violation, *, mended: bool) -> dict[str, object]:
    return {
        "code": breach.code,
        "where": breach.where,
        "sentence": breach.sentence,
        "mendable": breach.mend is not None,
        "mended": mended,
    }


def _summary(breaches: list[Violation], left: list[Violation], repair: bool) -> str:
    if not breaches:
        return "Every rule holds."
    if not repair:
        mendable = sum(breach.mend is not None for breach in breaches)
        return f"{len(breaches)} breaches, {mendable} of them can be mended with --repair."
    return f"{len(breaches)} breaches, {len(breaches) - len(left)} mended, {len(left)} left."
