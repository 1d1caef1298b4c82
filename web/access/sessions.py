"""Sessions: a signed cookie that names a token. Signing out is recorded on the volume."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from itsdangerous import BadData, URLSafeTimedSerializer

from pipeline.errors import volume_error
from pipeline.tokens import Token

SECONDS = 12 * 3600
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Session:
    """The token of a signed-in caller, and the cookie."""

    token: Token
    id: str


class Sessions:
    """Cookies for the holders of `tokens`; the folder `signed_out` records the sessions that ended.

    Each cookie is signed with a key derived from its token: it ends when that token changes, and the holder of
    one token cannot forge a cookie for another.
    """

    def __init__(self, tokens: Iterable[Token], signed_out: Path) -> None:
        self._tokens = {token.name: token for token in tokens}
        self._signed_out = signed_out

    def begin(self, token: Token, *, secure: bool) -> str:
        """The value of a new cookie; one made over TLS is invalid without TLS."""
        signed = _signer(token, secure).dumps(token_hex(16))
        return f"{token.name}.{signed}"

    def read(self, cookie: str, *, secure: bool) -> Session | None:
        """The session of a cookie; None if it is forged, expired, ended, or was made for TLS and came without."""
        name, _, signed = cookie.partition(".")
        token = self._tokens.get(name)
        if token is None:
            return None
        try:
            session_id = _signer(token, secure).loads(signed, max_age=SECONDS)
        except BadData:
            return None
        if not isinstance(session_id, str) or not _ID.fullmatch(session_id):
            return None
        if (self._signed_out / session_id).exists():
            return None
        return Session(token, session_id)

    def end(self, session: Session) -> None:
        """End the session: every copy of its cookie is invalid from now on."""
        try:
            self._signed_out.mkdir(exist_ok=True)
            (self._signed_out / session.id).touch()
            self._forget_old()
        except OSError as error:
            raise volume_error(error) from error

    def _forget_old(self) -> None:
        for path in self._signed_out.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > SECONDS + 60:
                    path.unlink()


def _signer(token: Token, secure: bool) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(token.secret, salt=f"gallery session {'tls' if secure else 'plain'}")
