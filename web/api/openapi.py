"""The description of the API: OpenAPI 3.1 at `/api/openapi.json`, a page to read at `/api/docs`."""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from web.api.operations import ID, IDS, OPERATIONS, Operation
from web.api.schemas import Problem
from web.parameters import Parameter
from web.services import MOST_AT_ONCE

blueprint = Blueprint("openapi", __name__, url_prefix="/api")
_REF = "#/components/schemas/{name}"
# Enumerations that a newer release may extend; clients show unknown values as they are.
_OPEN = ("State", "Format")
_ANY_ERRORS = (400, 401, 403, 429, 503)
_MEANINGS = {
    200: "Here it is",
    201: "Accepted: it is safe from now on",
    202: "Taken on",
    204: "Gone",
    302: "It is at another address",
    304: "Not changed",
    400: "The request cannot be understood",
    401: "Sign in first",
    403: "Not allowed",
    404: "There is no such image",
    409: "This image is not in a state for it",
    413: "Too large",
    415: "Not a format that is accepted",
    416: "No such range",
    422: "It cannot be a picture, or not one that can be made",
    429: "Too many requests",
    503: "The storage or the queue cannot be reached",
    507: "No room is left",
}


@blueprint.get("/openapi.json")
def document() -> ResponseReturnValue:
    """This description."""
    return Response(json.dumps(description(), indent=1), mimetype="application/json")


@blueprint.get("/docs")
def docs() -> ResponseReturnValue:
    """The description as a page; it loads nothing from elsewhere."""
    return render_template("openapi/docs.html", api=description(), as_json=lambda value: json.dumps(value, indent=2))


def description() -> dict[str, Any]:
    """The API of the running app as OpenAPI 3.1."""
    return describe(current_app._get_current_object())  # type: ignore[attr-defined]


@cache
def describe(app: Flask) -> dict[str, Any]:
    """Paths from the app's routes, sentences from their docstrings, shapes from the contract."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (not rule.rule.startswith("/api"), rule.rule)):
        operation = OPERATIONS.get(rule.endpoint)
        if operation is None:
            continue
        path, variables = _path(rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            about = inspect.getdoc(app.view_functions[rule.endpoint]) or ""
            shown = _operation(rule.endpoint, about, operation, variables, problems=path.startswith("/api/"))
            paths.setdefault(path, {})[method.lower()] = shown
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Image Gallery",
            "version": "1",
            "description": "Once an upload is accepted, it gets a correct thumbnail or a named reason.",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "gallery"},
            },
        },
    }


def _path(rule: Rule) -> tuple[str, list[dict[str, Any]]]:
    """The path as OpenAPI writes it, and its variables."""
    variables: list[dict[str, Any]] = []

    def variable(found: re.Match[str]) -> str:
        choices, name = found["choices"], found["name"]
        schema = {"enum": [choice.strip() for choice in choices.split(",")]} if choices else ID
        variables.append({"name": name, "in": "path", "required": True, "schema": schema})
        return f"{{{name}}}"

    return re.sub(r"<(?:any\((?P<choices>[^)]*)\):)?(?P<name>\w+)>", variable, rule.rule), variables


def _operation(
    endpoint: str, about: str, operation: Operation, variables: list[dict[str, Any]], *, problems: bool
) -> dict[str, Any]:
    answers = {str(status): _answer(status, kind) for status, kind in operation.answers.items()}
    for status in (*_ANY_ERRORS, *operation.errors):
        answers.setdefault(str(status), _answer(status, Problem if problems else "text/html"))
    shown: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": about.partition("\n")[0],
        "tags": [endpoint.partition(".")[0]],
        "parameters": variables + [_parameter(parameter) for parameter in operation.parameters],
        "responses": dict(sorted(answers.items())),
    }
    if operation.takes:
        shown["requestBody"] = {"required": True, "content": {kind: _body(kind) for kind in operation.takes}}
    return shown


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.about,
        "schema": parameter.schema,
    }


def _body(kind: str) -> dict[str, Any]:
    if kind in IDS:
        ids = {"type": "array", "items": ID, "minItems": 1, "maxItems": MOST_AT_ONCE}
        name = "ids" if kind == "application/json" else "id"
        return {"schema": {"type": "object", "properties": {name: ids}, "required": [name]}}
    if kind != "multipart/form-data":
        return {"schema": {}}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    return {"schema": {"type": "object", "properties": {"file": file}, "required": ["file"]}}


def _answer(status: int, kind: type | str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": _MEANINGS[status]}
    if isinstance(kind, str):
        shown["content"] = {kind: {"schema": {}}}
    elif kind is not None:
        media = "application/problem+json" if kind is Problem else "application/json"
        shown["content"] = {media: {"schema": {"$ref": _REF.format(name=kind.__name__)}}}
    if status == 201:
        shown["headers"] = {"Location": {"schema": {"type": "string"}, "description": "The record's address."}}
    if status in (429, 503):
        shown["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return shown


def _schemas() -> dict[str, Any]:
    """The shapes of all answers; every field is always present, except links to files that do not exist yet."""
    kinds = {kind for operation in OPERATIONS.values() for kind in operation.answers.values() if isinstance(kind, type)}
    _, found = msgspec.json.schema_components(
        sorted({*kinds, Problem}, key=lambda kind: kind.__name__), ref_template=_REF
    )
    schemas = dict(sorted(found.items()))
    for name, schema in schemas.items():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
        if name in _OPEN:
            schema["examples"] = schema.pop("enum")
            schema["type"] = "string"
        if schema.get("type") == "object":
            schema["required"] = _always_present(schema)
    return schemas


def _always_present(schema: dict[str, Any]) -> list[str]:
    """The fields present in every answer: all but those that may be unset. Removes the defaults from the schema: no
    answer relies on them."""
    present = set(schema.get("required", ()))
    present.update(name for name, shape in schema["properties"].items() if "default" in shape)
    for shape in schema["properties"].values():
        shape.pop("default", None)
    return [name for name in schema["properties"] if name in present]
