"""Errors of a request: what was sent, and what was asked for."""

from __future__ import annotations

from pipeline.errors.base import GalleryError


class MissingFile(GalleryError):
    """The request carries no file."""

    code, title = "missing-file", "No file was sent"

    def __init__(self) -> None:
        super().__init__("Send one picture, as the form field 'file' or as the body of the request.")


class BrokenUpload(GalleryError):
    """The body ended before it was complete, or is not well formed."""

    code, title = "broken-upload", "The upload did not arrive whole"

    def __init__(self) -> None:
        super().__init__("The upload broke off before it was complete. Send it again.")


class BadRequest(GalleryError):
    """A parameter of the request cannot be used."""

    code, title = "bad-request", "The request cannot be understood"


class TooLarge(GalleryError):
    """The file has more bytes than `GALLERY_MAX_UPLOAD_MB` allows."""

    code, title = "too-large", "The file is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file is larger than the limit of {limit_bytes // (1024 * 1024)} MB. Send a smaller one.")


class TooManyFiles(GalleryError):
    """The form has more files than `GALLERY_MAX_FORM_FILES` allows."""

    code, title = "too-many-files", "Too many files at once"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Send at most {limit} files at once.")


class ImageNotFound(GalleryError):
    """No image has this id."""

    code, title = "image-not-found", "There is no such image"

    def __init__(self, image_id: str) -> None:
        super().__init__("There is no image with this id. It may have been deleted.")
        self.image_id = image_id


class NotRetryable(GalleryError):
    """Only a failed image can be retried."""

    code, title = "not-failed", "This image has not failed"

    def __init__(self, state: str) -> None:
        super().__init__(f"Only a failed image can be retried, and this one is {state}.")


class IndexNotReady(GalleryError):
    """The index is being built, and the folders alone cannot answer this. So many `images` are indexed so far."""

    code, title = "index-not-ready", "The gallery is still being indexed"
    retry_after = 5

    def __init__(self, images: int) -> None:
        so_far = f"; {images:,} are so far" if images else ""
        super().__init__(f"Searching and sorting work once all images are indexed{so_far}. Try again in a moment.")
        self.images = images


class NotRestorable(GalleryError):
    """Another image has the same bytes by now."""

    code, title = "not-restorable", "This image cannot be restored"

    def __init__(self, image_id: str) -> None:
        super().__init__("The same picture is in the gallery again, under another id. Delete that one first.")
        self.image_id = image_id


class MadeByNewerRelease(GalleryError):
    """A newer release made this image, in a way that this one does not know."""

    code, title = "newer-release", "A newer release made this image"

    def __init__(self) -> None:
        super().__init__("A newer release of the gallery made this image, and this one leaves it as it is. Upgrade.")


class TooMuchToZip(GalleryError):
    """The originals asked for are more bytes than `GALLERY_MAX_ZIP_MB` allows."""

    code, title = "too-much-to-zip", "Too much for one archive"

    def __init__(self, total_bytes: int, limit_bytes: int) -> None:
        mb = 1024 * 1024
        super().__init__(f"These are {total_bytes // mb} MB, and one archive holds {limit_bytes // mb}. Choose fewer.")


class CannotStripMetadata(GalleryError):
    """The structure of a file is damaged, so that picture and metadata cannot be told apart."""

    code, title = "cannot-strip-metadata", "The metadata of this file cannot be removed"

    def __init__(self, label: str) -> None:
        super().__init__(
            f"This {label} file is damaged, so that nothing can be removed from it safely. "
            "Ask someone who may fetch the original."
        )


class EventsUnavailable(GalleryError):
    """Redis cannot be reached, and with it the stream of events."""

    code, title = "queue-unavailable", "No live updates"
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("There are no live updates at the moment. Load the images again from time to time instead.")


class TooManyListeners(GalleryError):
    """This process has as many listeners as `GALLERY_MAX_LISTENERS` allows."""

    code, title = "too-many-listeners", "Too many listeners"
    retry_after = 30

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"There are {limit} listeners already. Load the images again from time to time instead, and listen later."
        )
