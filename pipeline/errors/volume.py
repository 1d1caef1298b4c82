"""Errors of the volume, and how operating system errors become them."""

from __future__ import annotations

import errno

from pipeline.errors.base import GalleryError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class VolumeFull(GalleryError):
    """The volume has no room for the file in addition to the renditions of images accepted before."""

    code, title = "volume-full", "The gallery is full"

    def __init__(self) -> None:
        super().__init__("There is no room left for this picture. Nothing of it was kept; try again later.")


class NoRoomToRetry(VolumeFull):
    """The volume has no room for the renditions of an image that is retried."""

    def __init__(self) -> None:
        Exception.__init__(
            self, "There is no room left to make thumbnails. Free some space on the volume, then try again."
        )


class VolumeUnavailable(GalleryError):
    """The volume cannot be written or read at the moment."""

    code, title = "volume-unavailable", "The gallery's storage cannot be reached"

    def __init__(self, why: str = "") -> None:
        super().__init__("The storage cannot be reached at the moment. Nothing was changed; try again later.")
        self.why = why


class UnusableRecord(GalleryError):
    """The record of one image is of no use, and the doctor rewrites it. Nothing is wrong with the others."""

    code, title = "record-damaged", "The record of this image is damaged"

    def __init__(self, image_id: str, why: str) -> None:
        super().__init__("The record of this image is damaged. An administrator must run `gallery doctor --repair`.")
        self.image_id = image_id
        self.why = why


class DamagedRecord(UnusableRecord):
    """The image exists, but its record cannot be read."""

    def __init__(self, image_id: str) -> None:
        super().__init__(image_id, f"the record of {image_id} is damaged: run `gallery doctor --repair`")


class ForeignRecord(UnusableRecord):
    """The record in an image's folder belongs to another image: the two were swapped or copied by hand.

    The doctor fixes that; until then nothing is done to either.
    """

    def __init__(self, image_id: str, found: str) -> None:
        super().__init__(image_id, f"the record of {image_id} is that of {found}: run `gallery doctor --repair`")


def volume_error(error: OSError) -> GalleryError:
    """The named error for an operating system error of the volume."""
    if error.errno in _FULL:
        return VolumeFull()
    return VolumeUnavailable(str(error))
