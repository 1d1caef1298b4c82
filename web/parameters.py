"""Parameters of requests: described by `web.api.operations` and read here, so that both know the same bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import request

from pipeline.errors import BadRequest

_DIGITS = re.compile("[0-9]{1,4000}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query or a header; `schema` is JSON Schema."""

    name: str
    about: str
    schema: dict[str, Any]
    place: str = "query"


def asked_integer(parameter: Parameter) -> int:
    """The whole number that the request gives for a parameter, or its default; raises `BadRequest`."""
    name, schema = parameter.name, parameter.schema
    text = request.args.get(name)
    if text is None:
        return int(schema.get("default", 0))
    least, most, step = schema["minimum"], schema.get("maximum"), schema.get("multipleOf", 1)
    number = int(text) if _DIGITS.fullmatch(text) else -1
    if number < least or (most is not None and number > most) or number % step:
        kind = "whole number" if step == 1 else f"multiple of {step}"
        bounds = f"between {least} and {most}" if most is not None else f"of at least {least}"
        raise BadRequest(f"'{name}' must be a {kind} {bounds}.")
    return number
