"""`gallery restore SOURCE`: put the images of a backup back."""

from __future__ import annotations

import os
import sys
import tarfile
from functools import partial
from pathlib import Path

import click

from cli.exit_statuses import fail
from cli.verdicts import Report
from pipeline.errors import BadSetting, GalleryError
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.backup.folder import read_folder
from pipeline.store.backup.restoring import restore as restore_one
from pipeline.store.backup.tape import read_tar
from pipeline.volume.files import keep_from_others
from pipeline.volume.locks import Busy
from pipeline.volume.space import require_room

_BAD = frozenset({"damaged", "unreadable"})
_QUIET = frozenset({"restored", "here already"})


@click.command()
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def restore(source: str, as_json: bool) -> None:
    """Put the images of the backup SOURCE, a folder, or a tar stream on standard input if it is '-', into GALLERY_DATA.

    Images that are there, or in the trash, stay as they are: nothing is overwritten. The gallery may run meanwhile;
    images that waited, or lack a thumbnail, are enqueued by the next sweep. Run it again to continue.

    Exit status: 0 if every image is there; 1 if one is damaged or unreadable in the backup; 2 if SOURCE cannot be read
    or the volume cannot be written; 130 after Ctrl-C.
    """
    keep_from_others()
    report = Report(as_json, _BAD, _QUIET)
    try:
        settings = Settings.from_environment()
        store = Store(settings)
        store.prepare()
        if (owner := store.layout.images.stat().st_uid) != os.geteuid():
            fail(f"Restore as the user that the services run as (uid {owner}): the files belong to that user.")
        if source != "-" and not (Path(source) / "images").is_dir():
            fail(f"{source} is no backup: it has no folder 'images'.")
        room = partial(require_room, store.layout.root, reserve=settings.reserve_bytes)
        for image in read_tar(sys.stdin.buffer) if source == "-" else read_folder(Path(source)):
            image_id, verdict, why = restore_one(store.volume, image, room)
            report.add_image(verdict, image_id, why)
    except tarfile.TarError as error:
        fail(f"The backup is cut off, or is no backup: {error}")
    except Busy:
        fail("A live process holds a lock for too long. Run it again.")
    except (OSError, BadSetting, GalleryError) as error:
        fail(f"Not everything is restored: {error}")
    report.close("The backup holds no images.")
    sys.exit(1 if report.needs_attention else 0)
