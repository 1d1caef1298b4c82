"""The named errors of the product: each has a stable code, an HTTP status and a sentence for a person.

They are raised where the fact is found and mapped to HTTP in one place, `web.errors`.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class BadSetting(Exception):
    """A setting in the environment cannot be used; the message names it."""


class GalleryError(Exception):
    """Base of every error a person may see.

    `code` is stable and meant for programs, `status` is the HTTP status, `str(error)` a sentence that says
    what to do; `retry_after`, where it is set, after how many seconds trying again makes sense.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    retry_after: int | None = None


class MissingFile(GalleryError):
    """The request carries no file."""

    code, status, title = "missing-file", 400, "No file was sent"

    def __init__(self) -> None:
        super().__init__("Send one picture, as the form field 'file' or as the body of the request.")


class BrokenUpload(GalleryError):
    """The body ended before it was complete, or is not well formed."""

    code, status, title = "broken-upload", 400, "The upload did not arrive whole"

    def __init__(self) -> None:
        super().__init__("The upload broke off before it was complete. Send it again.")


class BadRequest(GalleryError):
    """A parameter of the request cannot be used."""

    code, status, title = "bad-request", 400, "The request cannot be understood"


class ImageNotFound(GalleryError):
    """No image has this id."""

    code, status, title = "image-not-found", 404, "There is no such image"

    def __init__(self, image_id: str) -> None:
        super().__init__("There is no image with this id. It may have been deleted.")
        self.image_id = image_id


class NotRetryable(GalleryError):
    """Only a failed image can be retried."""

    code, status, title = "not-failed", 409, "This image has not failed"

    def __init__(self, state: str) -> None:
        super().__init__(f"Only a failed image can be retried, and this one is {state}.")


class MadeByNewerRelease(GalleryError):
    """A newer release made this image, in a way that this one does not know."""

    code, status, title = "newer-release", 409, "A newer release made this image"

    def __init__(self) -> None:
        super().__init__("A newer release of the gallery made this image, and this one leaves it as it is. Upgrade.")


class TooLarge(GalleryError):
    """The file has more bytes than `GALLERY_MAX_UPLOAD_MB` allows."""

    code, status, title = "too-large", 413, "The file is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file is larger than the limit of {limit_bytes // (1024 * 1024)} MB. Send a smaller one.")


class TooManyFiles(GalleryError):
    """The form has more files than `GALLERY_MAX_FORM_FILES` allows."""

    code, status, title = "too-many-files", 413, "Too many files at once"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Send at most {limit} files at once.")


class NotAnImage(GalleryError):
    """The bytes are of no accepted format, whatever the name says."""

    code, status, title = "not-an-accepted-format", 415, "This format is not accepted"

    def __init__(self, accepted: str, found: str = "") -> None:
        what = f"This looks like {found}" if found else "The format of this file is not known here"
        super().__init__(f"{what}. Send a {accepted} file.")


class EmptyFile(GalleryError):
    """The file has no bytes."""

    code, status, title = "empty-file", 422, "The file is empty"

    def __init__(self) -> None:
        super().__init__("The file is empty: nothing arrived to make a picture of. Choose it again.")


class Unrenderable(GalleryError):
    """No picture can be made of these bytes; trying again would not help."""

    code, status, title = "cannot-be-decoded", 422, "No picture can be made of this file"

    def __init__(self, message: str = "The file is damaged and cannot be decoded.") -> None:
        super().__init__(message)


class BrokenHeader(Unrenderable):
    """The header does not tell the size of the picture."""

    code, title = "broken-header", "The header of this file is damaged"

    def __init__(self, label: str) -> None:
        super().__init__(
            f"The header of this {label} file is damaged or cut off. Export the picture again and send that."
        )


class UnsupportedKind(Unrenderable):
    """The file is sound and of an accepted format, but coded in a way that no decoder here knows."""

    code, status, title = "unsupported-kind", 415, "This kind of picture is not supported"

    def __init__(self, label: str, kind: str) -> None:
        super().__init__(
            f"This {label} is of a kind that is not supported: {kind}. "
            "Export the picture as an ordinary JPEG or PNG and send that."
        )


class CutOff(Unrenderable):
    """Fewer rows of the picture are there than are worth showing."""

    code, title = "cut-off", "The file is cut off"

    def __init__(self, part: float) -> None:
        there = f"only {max(1, round(part * 100))} % of the picture is" if part > 0 else "less than one row of it is"
        super().__init__(f"The file is cut off: {there} there, too little to show. Send the whole file.")


class TooManyPixels(Unrenderable):
    """The picture has more pixels than `GALLERY_MAX_MEGAPIXELS` allows."""

    code, title = "too-many-pixels", "The picture has too many pixels"

    def __init__(self, width: int, height: int, limit_megapixels: int) -> None:
        super().__init__(
            f"The picture is {width} × {height} pixels, {width * height / 1e6:.0f} megapixels; "
            f"the limit is {limit_megapixels}. Send a smaller one."
        )


class TooManyFrames(Unrenderable):
    """The animation has more frames, or more pixels over all its frames, than is accepted."""

    code, title = "too-many-frames", "The animation is too long"

    def __init__(self, frames: int, width: int, height: int, limit: int, limit_megapixels: int) -> None:
        super().__init__(
            f"The animation has {frames} frames of {width} × {height} pixels; the limit is {limit} frames "
            f"and {limit_megapixels} megapixels over all of them. Send a shorter or smaller one."
        )


class TooManyScans(Unrenderable):
    """A JPEG goes over its pixels again and again: few bytes that take a decoder very long."""

    code, title = "too-many-scans", "The picture is coded in too many passes"

    def __init__(self, scans: int, width: int, height: int, limit: int, limit_megapixels: int) -> None:
        super().__init__(
            f"This JPEG codes its {width} × {height} pixels in {scans} passes; the limit is {limit} passes and "
            f"{limit_megapixels} megapixels over all of them. Save the picture again and send that."
        )


class NeedsTooMuchMemory(Unrenderable):
    """Decoding would need more memory than a worker has, however few pixels the thumbnail has."""

    code, title = "needs-too-much-memory", "The picture needs too much memory"

    def __init__(self, label: str, width: int, height: int, needed_mb: int, limit_mb: int) -> None:
        super().__init__(
            f"Decoding this {label} of {width} × {height} pixels needs {needed_mb} MB of memory; "
            f"the limit is {limit_mb}. Send a smaller one, or a JPEG that is not progressive."
        )


class InflatesTooMuch(Unrenderable):
    """Compressed metadata holds more than any picture needs: a decompression bomb."""

    code, title = "inflates-too-much", "The metadata of this picture is a bomb"

    def __init__(self, what: str, compressed: int, limit: int) -> None:
        super().__init__(
            f"A {what} in this PNG has {max(1, compressed // 1024)} KB that inflate to more than the limit of "
            f"{limit // (1024 * 1024)} MB. Export the picture again without its metadata and send that."
        )


class TooMuchMetadata(Unrenderable):
    """More of the file is about the picture than any camera or editor writes; decoders keep it all in memory."""

    code, title = "too-much-metadata", "The file is full of metadata"

    def __init__(self, label: str, found: int, limit: int) -> None:
        super().__init__(
            f"This {label} holds {found // (1024 * 1024)} MB of metadata; the limit is {limit // (1024 * 1024)}. "
            "Export the picture again without its metadata and send that."
        )


class OutOfMemory(Unrenderable):
    """Decoding asked for more memory than its header led to expect, and was stopped at the limit."""

    code, title = "ran-out-of-memory", "The picture needs too much memory"

    def __init__(self, limit_mb: int) -> None:
        super().__init__(
            f"Decoding this picture took more than the {limit_mb} MB of memory there are for it. Send a smaller one."
        )


class CannotStripMetadata(GalleryError):
    """The structure of a file is damaged, so that what is picture and what is metadata cannot be told apart."""

    code, status, title = "cannot-strip-metadata", 409, "The metadata of this file cannot be removed"

    def __init__(self, label: str) -> None:
        super().__init__(
            f"This {label} file is damaged, so that nothing can be removed from it safely. "
            "Ask someone who may fetch the original."
        )


class TooSlow(Unrenderable):
    """Decoding used up `GALLERY_JOB_TIMEOUT`, and computed meanwhile: it would take as long again."""

    code, title = "took-too-long", "This picture takes too long"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Decoding this picture takes longer than {seconds} seconds. Save it again and send that.")


class OriginalMissing(GalleryError):
    """The original of an accepted image is no longer on the volume."""

    code, status, title = "original-missing", 422, "The original is not there"

    def __init__(self) -> None:
        super().__init__("The original of this image is no longer on the volume. Restore it from a backup and retry.")


class RendererDied(GalleryError):
    """The process that decodes died over this picture: a crash in a codec, or out of memory."""

    code, status, title = "killed-its-worker", 422, "This picture stops the worker"

    def __init__(self, how: str, attempts: int = 1) -> None:
        tried = (
            "once, and the worker was stopped"
            if attempts == 1
            else f"{attempts} times; the worker was stopped each time"
        )
        super().__init__(f"Making the thumbnail was tried {tried} ({how}).")
        self.how = how


class RenderTimeout(RendererDied):
    """Nothing came within `GALLERY_JOB_TIMEOUT`, and the decoder hardly computed: another try may be quicker."""

    code, title = TooSlow.code, TooSlow.title

    def __init__(self, seconds: int | str, attempts: int = 1) -> None:
        how = f"it took longer than {seconds} seconds" if isinstance(seconds, int) else seconds
        super().__init__(how, attempts)


class VolumeFull(GalleryError):
    """The volume has no room for the file and the renditions of what was accepted before."""

    code, status, title = "volume-full", 507, "The gallery is full"

    def __init__(self) -> None:
        super().__init__("There is no room left for this picture. Nothing of it was kept; try again later.")


class NoRoomToRetry(VolumeFull):
    """The volume has no room for the renditions of an image that is to be tried again."""

    def __init__(self) -> None:
        Exception.__init__(self, "There is no room left to make thumbnails. Make some on the volume, then try again.")


class VolumeUnavailable(GalleryError):
    """The volume cannot be written or read at the moment."""

    code, status, title = "volume-unavailable", 503, "The gallery's storage cannot be reached"

    def __init__(self, why: str = "") -> None:
        super().__init__("The storage cannot be reached at the moment. Nothing was changed; try again later.")
        self.why = why


class TooMuchToZip(GalleryError):
    """The originals asked for are more bytes than `GALLERY_MAX_ZIP_MB` allows."""

    code, status, title = "too-much-to-zip", 413, "Too much for one archive"

    def __init__(self, total_bytes: int, limit_bytes: int) -> None:
        mb = 1024 * 1024
        super().__init__(f"These are {total_bytes // mb} MB, and one archive holds {limit_bytes // mb}. Choose fewer.")


class EventsUnavailable(GalleryError):
    """Redis cannot be reached, and with it the stream of events."""

    code, status, title = "queue-unavailable", 503, "Live updates are not to be had"
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("Changes cannot be told as they happen at the moment. Ask for the images again instead.")


class TooManyListeners(GalleryError):
    """This process has as many listeners as `GALLERY_MAX_LISTENERS` allows."""

    code, status, title = "too-many-listeners", 503, "Too many are listening"
    retry_after = 30

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} are listening already. Ask for the images again instead, and listen later.")


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class DamagedRecord(VolumeUnavailable):
    """The image is there, and its record cannot be read; the doctor writes it anew."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"the record of {image_id} is damaged: run `gallery doctor --repair`")
        self.image_id = image_id


class ForeignRecord(VolumeUnavailable):
    """The record in an image's folder is that of another image: they were exchanged or copied by hand. The doctor puts
    them right; until then nothing is done to one in the name of the other."""

    def __init__(self, image_id: str, found: str) -> None:
        super().__init__(f"the record of {image_id} is that of {found}: run `gallery doctor --repair`")


def volume_error(error: OSError) -> GalleryError:
    """The named error for what the operating system said of the volume."""
    if error.errno in _FULL:
        return VolumeFull()
    return VolumeUnavailable(str(error))


def _titles(kind: type[GalleryError]) -> dict[str, str]:
    found = {kind.code: kind.title}
    for child in kind.__subclasses__():
        found |= _titles(child)
    return found


TITLES = _titles(GalleryError)
