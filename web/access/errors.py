"""Errors that refuse a call before anything is done."""

from __future__ import annotations

from pipeline.errors import GalleryError


class SignInNeeded(GalleryError):
    """The caller sent no valid token or session."""

    code, title = "sign-in-needed", "Sign in first"

    def __init__(self, message: str = "Sign in, or send your token in the header 'Authorization: Bearer …'.") -> None:
        super().__init__(message)


class NotAllowed(GalleryError):
    """The caller's role does not cover what they asked for."""

    code, title = "not-allowed", "Your token does not allow this"

    def __init__(self, role: str, needed: str) -> None:
        super().__init__(f"This needs the role '{needed}', and yours is '{role}'. Ask for another token.")


class OriginalNotAllowed(GalleryError):
    """The caller's role does not cover originals, which carry where and by whom they were taken."""

    code, title = "original-not-allowed", "You may not fetch originals"

    def __init__(self, needed: str, image_id: str) -> None:
        super().__init__(
            f"Originals need the role '{needed}'. Fetch /images/{image_id}/download instead: the same picture, "
            "without where and by whom it was taken."
        )


class CrossSite(GalleryError):
    """Another site's page requested a change."""

    code, title = "cross-site", "This was asked for by another site"

    def __init__(self) -> None:
        super().__init__("This was asked for by another site's page. Open the gallery itself and do it there.")


class UnknownHost(GalleryError):
    """The request names a host that is not ours, as in DNS rebinding."""

    code, title = "unknown-host", "This gallery is not reached by that name"

    def __init__(self) -> None:
        super().__init__(
            "An open gallery answers to local names only. Put the names that people use into GALLERY_HOSTS."
        )


class TooManyTries(GalleryError):
    """Too many wrong tokens from one caller."""

    code, title = "too-many-tries", "Too many tries"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many wrong tokens came from your address; try again in {seconds} seconds. A right one works at once."
        )
        self.retry_after = seconds
