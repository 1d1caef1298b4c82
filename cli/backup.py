"""`gallery backup TARGET`: copy every image, while the gallery runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cli.exit_statuses import fail
from cli.verdicts import Report
from pipeline.errors import BadSetting, GalleryError
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.backup.folder import FolderBackup, OtherGallery
from pipeline.store.backup.snapshot import read_file
from pipeline.store.backup.tape import TarBackup
from pipeline.store.backup.writing import Target, write
from pipeline.volume.files import keep_from_others
from pipeline.volume.locks import Busy, locked

_BAD = frozenset({"damaged", "unreadable"})
_QUIET = frozenset({"copied", "here already", "updated"})


@click.command()
@click.argument("target")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def backup(target: str, as_json: bool) -> None:
    """Copy every image of GALLERY_DATA, those in the trash too, to the folder TARGET, or to standard output as a tar
    stream if TARGET is '-'. The gallery may run meanwhile. Originals are compared with the hashes of their records.

    A folder holds each image whole or not at all; run it again to continue, or to copy what has changed since.

    Exit status: 0 if every image was copied whole; 1 if one is damaged or unreadable on the volume; 2 if the volume
    cannot be read or TARGET cannot be written; 130 after Ctrl-C.
    """
    keep_from_others()
    report = Report(as_json, _BAD, _QUIET, err=target == "-")
    try:
        store = Store(Settings.from_environment())
        store.space()  # a volume that is not mounted is no empty gallery
        with _opened(store, target) as to:
            for image_id, verdict, why in write(store.volume, to):
                report.add_image(verdict, image_id, why)
    except OtherGallery:
        fail(f"{target} holds the backup of another gallery. Choose another folder.")
    except Busy:
        fail(f"Another backup to {target} is running.")
    except BrokenPipeError:
        fail("The reader of the backup is gone: it is not complete.")
    except (OSError, BadSetting, GalleryError) as error:
        fail(f"The backup is not complete: {error}")
    report.close("There are no images.")
    sys.exit(1 if report.needs_attention else 0)


@contextmanager
def _opened(store: Store, target: str) -> Iterator[Target]:
    _ = store.volume.id  # made if there is none
    identity = read_file(store.layout.identity)
    if target == "-":
        if sys.stdout.isatty():
            raise BadSetting("a tar stream is not for a terminal. Redirect it: gallery backup - > gallery.tar")
        stream = TarBackup(sys.stdout.buffer)
        stream.begin(identity)
        yield stream
        stream.close()
        sys.stdout.buffer.flush()
        return
    root = Path(target).absolute()
    if root.is_relative_to(store.layout.root.absolute()):
        raise BadSetting("the folder of a backup cannot lie within GALLERY_DATA")
    root.mkdir(mode=0o750, parents=True, exist_ok=True)
    with locked(root / "backup.lock", wait=0):
        folder = FolderBackup(root)
        folder.begin(identity)
        yield folder
