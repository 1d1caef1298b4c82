"""Reading one image's record from the volume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DamagedRecord, ForeignRecord, ImageNotFound, UnusableRecord, VolumeUnavailable, volume_error
from pipeline.ids import is_id
from pipeline.records import Record, State
from pipeline.store.progress import progress
from pipeline.volume.files import is_gone, look_again, read_small_file, refresh
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume

_LOOKS = 3
_BAD_SECTORS = 3


def read(volume: Volume, image_id: str, *, listed: bool = False) -> Record:
    """What the record itself says; raises `ImageNotFound`, `DamagedRecord`, `ForeignRecord`, or the volume's
    named errors.

    Not finding it proves nothing over a network, so the folders are listed before that is believed. Finding it proves
    little: a folder that another machine has put into the trash is still there, and under its old name for as long as
    that name is remembered. So the name is asked for, unless the caller has just `listed` it, or finds out itself.
    """
    if not is_id(image_id):
        raise ImageNotFound(image_id)
    path = volume.layout.record(image_id)
    if not listed:
        refresh(path.parent.parent)
    return _load_while(volume.is_there, path, image_id)


def read_trashed(volume: Volume, image_id: str) -> Record:
    """The record of an image in the trash; raises as `read`."""
    if not is_id(image_id) or not volume.is_trashed(image_id):
        raise ImageNotFound(image_id)
    return _load_while(volume.is_trashed, volume.layout.trashed(image_id) / RECORD, image_id)


def _load_while(is_here: Callable[[str], bool], path: Path, image_id: str) -> Record:
    """Load the record at `path`, trying again while `is_here` says that the image is there; raises as `read`.

    The image may leave and come back between two attempts, so a single missing record is not proof of damage.
    """
    for _ in range(_LOOKS):
        try:
            return _load(path, image_id)
        except OSError as error:
            if not is_gone(error):
                raise volume_error(error) from error
        if not is_here(image_id):
            raise ImageNotFound(image_id)
    raise DamagedRecord(image_id)


def _load(path: Path, image_id: str) -> Record:
    """The record of this image in a file; raises `OSError`, `DamagedRecord` or `ForeignRecord`."""
    try:
        record = Record.from_json(read_small_file(path))
    except ValueError as error:
        raise DamagedRecord(image_id) from error
    if record.id != image_id:
        raise ForeignRecord(image_id, record.id)
    return record


def get(volume: Volume, image_id: str, *, listed: bool = False) -> Record:
    """The record of an image; while it is pending, with the progress that its marker tells. Raises as `read`."""
    record = read(volume, image_id, listed=listed)
    if record.state is not State.PENDING:
        return record
    try:
        path = volume.layout.marker(image_id)
        marker = look_again(volume.layout.pending, lambda: read_small_file(path, volume.open_shared))
        return progress(record, marker).record
    except OSError as error:
        if is_gone(error):
            return read(volume, image_id)  # it came to its end between the two
        return record
    except ValueError:
        return record


def readable(volume: Volume, image_ids: Iterable[str], *, listed: bool = False) -> Iterator[Record]:
    """The records of images as `get` reads them, in this order, without those that are gone or damaged.

    A bad sector hides no other image: one that the volume fails to read is left out too. If it fails to read more
    images than it answers for, it is the volume that is at fault: raises `VolumeUnavailable`.
    """
    failures, answers = 0, 0
    for image_id in image_ids:
        try:
            record = get(volume, image_id, listed=listed)
        except (ImageNotFound, UnusableRecord):
            answers += 1
        except VolumeUnavailable:
            failures += 1
            if failures > max(answers, _BAD_SECTORS):
                raise
        else:
            answers += 1
            yield record
    if failures > answers:
        raise VolumeUnavailable(f"{failures} of {failures + answers} records cannot be read")


@contextmanager
def unless_deleted(volume: Volume, image_id: str) -> Iterator[None]:
    """A context in which a missing file raises `ImageNotFound` if the image was deleted meanwhile: its folder is gone,
    and the folder of all images is there."""
    try:
        yield
    except OSError as error:
        if not is_gone(error) or volume.is_there(image_id):
            raise
        raise ImageNotFound(image_id) from None
