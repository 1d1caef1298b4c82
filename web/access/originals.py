"""Who may fetch originals, which carry where, when and by whom they were taken."""

from __future__ import annotations

from flask import g

from pipeline.settings import Settings
from pipeline.tokens import Role
from web.access.errors import OriginalNotAllowed
from web.access.guard import guard


def may_fetch_originals() -> bool:
    """Whether the caller may fetch originals. Without a token a caller has no role, even in a public gallery."""
    settings = guard().settings
    role = g.role if g.caller is not None or not settings.tokens else Role.NONE
    return bool(role.covers(settings.originals))


def everybody_may(settings: Settings) -> bool:
    """Whether everyone who may look may also fetch originals."""
    return not settings.tokens or settings.originals is Role.NONE


def require_originals(image_id: str) -> None:
    """Raise `OriginalNotAllowed` unless the caller may fetch originals."""
    if not may_fetch_originals():
        raise OriginalNotAllowed(guard().settings.originals, image_id)
