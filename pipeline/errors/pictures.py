"""Errors of a picture, found in its header or while decoding it."""

from __future__ import annotations

from pipeline.errors.base import GalleryError


class NotAnImage(GalleryError):
    """The content is of no accepted format, whatever its name."""

    code, title = "not-an-accepted-format", "This format is not accepted"

    def __init__(self, accepted: str, found: str = "") -> None:
        what = f"This looks like {found}" if found else "The format of this file is not known"
        super().__init__(f"{what}. Send a {accepted} file.")


class EmptyFile(GalleryError):
    """The file has no bytes."""

    code, title = "empty-file", "The file is empty"

    def __init__(self) -> None:
        super().__init__("The file is empty. Choose it again.")


class Unrenderable(GalleryError):
    """No picture can be made of these bytes; trying again would not help."""

    code, title = "cannot-be-decoded", "No picture can be made of this file"

    def __init__(self, message: str = "The file is damaged and cannot be decoded.") -> None:
        super().__init__(message)


class BrokenHeader(Unrenderable):
    """The header does not say how large the picture is."""

    code, title = "broken-header", "The header of this file is damaged"

    def __init__(self, label: str) -> None:
        super().__init__(
            f"The header of this {label} file is damaged or cut off. Export the picture again and send that."
        )


class UnsupportedKind(Unrenderable):
    """The file is sound and of an accepted format, but coded in a way that no decoder here knows."""

    code, title = "unsupported-kind", "This kind of picture is not supported"

    def __init__(self, label: str, kind: str) -> None:
        super().__init__(
            f"This {label} is of a kind that is not supported: {kind}. "
            "Export the picture as an ordinary JPEG or PNG and send that."
        )


class CutOff(Unrenderable):
    """Too few rows of the picture are there to be worth showing."""

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
    """A JPEG has so many scans that few bytes keep a decoder busy for very long."""

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
    """The file has more metadata than any camera or editor writes, and decoders keep all of it in memory."""

    code, title = "too-much-metadata", "The file is full of metadata"

    def __init__(self, label: str, found: int, limit: int) -> None:
        super().__init__(
            f"This {label} holds {found // (1024 * 1024)} MB of metadata; the limit is {limit // (1024 * 1024)}. "
            "Export the picture again without its metadata and send that."
        )


class OutOfMemory(Unrenderable):
    """Decoding needed more memory than the header suggested, and was stopped at the limit."""

    code, title = "ran-out-of-memory", "The picture needs too much memory"

    def __init__(self, limit_mb: int) -> None:
        super().__init__(
            f"Decoding this picture took more than the {limit_mb} MB of memory there are for it. Send a smaller one."
        )


class TooSlow(Unrenderable):
    """Decoding used up `GALLERY_JOB_TIMEOUT` computing: another try would take as long."""

    code, title = "took-too-long", "This picture takes too long"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Decoding this picture takes longer than {seconds} seconds. Save it again and send that.")


class OriginalMissing(GalleryError):
    """The original of an accepted image is no longer on the volume."""

    code, title = "original-missing", "The original is not there"

    def __init__(self) -> None:
        super().__init__("The original of this image is no longer on the volume. Restore it from a backup and retry.")


class RendererDied(GalleryError):
    """The render process died on this picture: a crash in a codec, or out of memory."""

    code, title = "killed-its-worker", "This picture stops the worker"

    def __init__(self, how: str, attempts: int = 1) -> None:
        tried = (
            "once, and the worker was stopped"
            if attempts == 1
            else f"{attempts} times; the worker was stopped each time"
        )
        super().__init__(f"Making the thumbnail was tried {tried} ({how}).")
        self.how = how


class RenderTimeout(RendererDied):
    """No result within `GALLERY_JOB_TIMEOUT`, though the decoder hardly computed: another try may be quicker."""

    code, title = TooSlow.code, TooSlow.title

    def __init__(self, seconds: int | str, attempts: int = 1) -> None:
        how = f"it took longer than {seconds} seconds" if isinstance(seconds, int) else seconds
        super().__init__(how, attempts)
