"""A volume that several machines share.

Whether an image exists is never cached: it is read from the volume each time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from pipeline.errors import VolumeUnavailable, volume_error
from pipeline.volume.files import close_to_others, flush_existing, is_gone, open_private, put_whole
from pipeline.volume.folders import FolderTable, make_folder
from pipeline.volume.identity import volume_id
from pipeline.volume.image_locks import ImageLocks
from pipeline.volume.layout import FORMER_CLAIMS, Layout, bucket_names
from pipeline.volume.locks import Busy, LockTable, Presence
from pipeline.volume.nfs import open_undelegated, put_first
from pipeline.volume.space import Space, space

_LOOKS = 3


class Volume:
    """The folder that holds everything: its paths, its locks, and look-ups that can be trusted.

    Over NFS a name that another machine made stays unseen for half a minute, and a folder that another machine
    removed stays open-able as long. The listing of a folder is always that of the server. So one failed look-up
    proves nothing, and `is_there` lists.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layout = Layout(root)
        self.locks = LockTable()
        self.presence = Presence(self.layout.locks)
        self.folders = FolderTable(root)
        self.image_locks = ImageLocks(self.layout.image_locks, lambda: self.folders.is_on_nfs)

    def prepare(self) -> None:
        """Make the volume's folders, closed to other users; called once, when a process starts."""
        for name in self.layout.FOLDERS:
            folder = self.root / name
            folder.mkdir(parents=True, exist_ok=True)
            close_to_others(folder)
        with suppress(OSError):  # on a volume that is full or read-only; who locks an image makes it
            os.close(open_private(self.layout.image_locks, os.O_RDWR | os.O_CREAT))

    @cached_property
    def id(self) -> str:
        """The id of the volume, made on first use; raises the volume's named errors."""
        try:
            return volume_id(self.layout.identity)
        except OSError as error:
            raise volume_error(error) from error
        except Busy as busy:
            raise VolumeUnavailable("another process holds volume.json") from busy

    @cached_property
    def has_former_claims(self) -> bool:
        """Whether the volume had claims of release 0.1 when this was first called."""
        return any(len(name) == FORMER_CLAIMS for name in os.listdir(self.layout.hashes))

    def is_there(self, image_id: str) -> bool:
        """Whether the folder of an accepted image is in its place; raises `VolumeUnavailable`."""
        bucket = self.layout.bucket(image_id)
        try:
            if image_id in os.listdir(bucket):
                return True
        except OSError as error:
            if not is_gone(error):
                raise volume_error(error) from error
        return self._is_listed(image_id)

    def _is_listed(self, image_id: str) -> bool:
        """As `is_there`, from the top: each listing makes the next look-up a fresh one."""
        for _ in range(_LOOKS):
            folder = self.layout.images
            for name in (*bucket_names(image_id), image_id):
                try:
                    names = os.listdir(folder)
                except OSError as error:
                    if not is_gone(error):
                        raise volume_error(error) from error
                    if folder == self.layout.images:
                        raise VolumeUnavailable("the volume is not there") from None
                    break  # it was removed between two listings: look again
                if name not in names:
                    return False
                folder /= name
            else:
                return True
        return False

    def is_trashed(self, image_id: str) -> bool:
        """Whether the folder of an image is in the trash; raises `VolumeUnavailable`."""
        try:
            return image_id in os.listdir(self.layout.trash)
        except OSError as error:
            if is_gone(error):
                return False  # release 0.1 had no trash
            raise volume_error(error) from error

    def now_ns(self) -> int:
        """The moment by the volume's own clock, in nanoseconds since the epoch; raises `OSError`.

        Stamps of files are compared with it, and never with a clock of ours. In whole nanoseconds, because seconds as
        a `float` are rounded, so that a file of the same moment could seem to be newer.
        """
        os.close(open_private(self.layout.clock, os.O_WRONLY | os.O_CREAT))
        os.utime(self.layout.clock)
        return self.layout.clock.stat().st_mtime_ns

    def is_arriving(self, image_id: str) -> bool:
        """Whether an upload with this id is being written; raises `OSError`."""
        return any(name.startswith(image_id) for name in self.arriving())

    def arriving(self) -> list[str]:
        """Names in `incoming/`: `<id>.<token>` of an upload, `<id>.deleted` of a deleted image; raises `OSError`."""
        return os.listdir(self.layout.incoming)

    def flush_place(self, image_id: str) -> None:
        """Flush the names by which an image is found.

        Those of its minute and its day are flushed once, as long as the folder of the minute lives.
        """
        bucket = self.layout.bucket(image_id)
        if self.folders.flush_known(bucket):
            return
        for folder in (bucket, bucket.parent):
            flush_existing(folder)  # the image may be deleted already
        self.folders.flush(self.layout.images)
        self.folders.keep(bucket)

    def move_in(self, folder: Path, place: Path) -> None:
        """Move an image's folder to its place, in one step; raises `OSError`."""
        while True:
            try:
                folder.rename(place)
            except OSError as error:
                if not is_gone(error) or not folder.exists():
                    raise
                # the first image of its minute, or a delete has just removed the empty folder
                make_folder(place.parent)
            else:
                return

    def open_shared(self, path: Path, flags: int) -> int:
        """Open a file that other machines read and write meanwhile, as markers are; raises `OSError`."""
        open_ = open_undelegated if self.folders.is_on_nfs else open_private
        return open_(path, flags)

    def let_others_read(self, descriptor: int) -> None:
        """Make what was written to an open file visible to other machines; raises `OSError`.

        Over NFS it would stay in this machine's memory for half a minute. A local file system does nothing.
        """
        if self.folders.is_on_nfs:
            os.fsync(descriptor)

    def put_first(self, path: Path, data: bytes) -> None:
        """As `put_whole`, of a file that nothing refers to before it is written; raises `OSError`."""
        put = put_first if self.folders.is_on_nfs else put_whole
        put(path, data)

    def space(self) -> Space:
        """The room on the volume; raises `VolumeUnavailable`."""
        try:
            if not self.layout.images.is_dir():
                raise VolumeUnavailable("the volume is not there")
            return space(self.root)
        except OSError as error:
            raise volume_error(error) from error
