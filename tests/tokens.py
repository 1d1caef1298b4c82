"""Tokens of every role, for galleries that ask for one."""

from __future__ import annotations

ADMIN, UPLOAD, READ = "a" * 24, "u" * 24, "r" * 24
TOKENS = f"boss:admin:{ADMIN},phone:upload:{UPLOAD},prometheus:read:{READ}"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
