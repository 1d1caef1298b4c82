"""The background of a transparent picture, chosen for contrast."""

from __future__ import annotations

import base64
import binascii

from pipeline.records import Record

_ALPHA = 1 << 23
_LIGHTS = 63


def ground(record: Record) -> str:
    """The CSS class of the background, from the alpha and mean lightness in the ThumbHash; "" if opaque."""
    try:
        bits = int.from_bytes(base64.b64decode((record.placeholder or "")[:4], validate=True), "little")
    except (binascii.Error, ValueError):
        return ""
    if not bits & _ALPHA:
        return ""
    light = (bits & _LIGHTS) / _LIGHTS
    return "on-light" if light < 0.4 else "on-dark" if light > 0.6 else "on-middle"
