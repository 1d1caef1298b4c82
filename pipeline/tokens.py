"""Access control: named tokens with roles, from `GALLERY_TOKEN`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest

from pipeline.errors import BadSetting

LEAST_CHARACTERS = 16
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Role(StrEnum):
    """What a caller may do; each role includes the ones before it."""

    NONE = "none"
    READ = "read"
    UPLOAD = "upload"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


# The lowest role by its name in a setting; "everybody" means everyone who may look, with or without a token.
LEAST_ROLES = {"everybody": Role.NONE, "read": Role.READ, "upload": Role.UPLOAD, "admin": Role.ADMIN}


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that gives a role; its name is for logs and sessions. The secret is never shown."""

    name: str
    role: Role
    secret: str = field(repr=False)


def parse_tokens(text: str) -> tuple[Token, ...]:
    """Tokens from a comma-separated list of `name:role:secret`, or of bare secrets, which give the role `admin`.

    Raises `BadSetting`, which never repeats a secret.
    """
    tokens: list[Token] = []
    for number, part in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        name, role, secret = _fields(part, number)
        if not _NAME.fullmatch(name):
            raise BadSetting(f"GALLERY_TOKEN, entry {number}: the name must be lower-case letters, digits and dashes.")
        if role not in (Role.READ, Role.UPLOAD, Role.ADMIN):
            raise BadSetting(f"GALLERY_TOKEN, entry {number}: the role must be read, upload or admin.")
        if len(secret) < LEAST_CHARACTERS or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise BadSetting(
                f"GALLERY_TOKEN, entry {number}: the secret must be at least {LEAST_CHARACTERS} printable ASCII "
                "characters without spaces. Make one with: openssl rand -hex 24"
            )
        tokens.append(Token(name, Role(role), secret))
    if len({token.name for token in tokens}) < len(tokens) or len({token.secret for token in tokens}) < len(tokens):
        raise BadSetting("GALLERY_TOKEN: every token needs a name and a secret of its own.")
    return tuple(tokens)


def _fields(part: str, number: int) -> tuple[str, str, str]:
    if ":" not in part:
        return ("admin" if number == 1 else f"admin-{number}"), Role.ADMIN, part
    fields = part.split(":", 2)
    if len(fields) != 3:
        raise BadSetting(f"GALLERY_TOKEN, entry {number}: write name:role:secret, or a secret without a colon.")
    return fields[0], fields[1], fields[2]


def match(tokens: tuple[Token, ...], secret: str) -> Token | None:
    """The token with this secret. The time it takes reveals nothing about how close a guess is."""
    offered = sha256(secret.encode("utf-8", "surrogateescape")).digest()
    found = None
    for token in tokens:
        if compare_digest(offered, sha256(token.secret.encode()).digest()):
            found = token
    return found
