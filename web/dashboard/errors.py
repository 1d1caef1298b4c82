"""Answers for what RQ raises if a job ends or is deleted while the dashboard shows it."""

from __future__ import annotations

import re

import structlog
from flask import Flask, Response
from redis.exceptions import RedisError
from rq.exceptions import InvalidJobOperation, NoSuchJobError

_LOST_EXECUTION = re.compile(r"Execution .* not found in Redis")
_log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer RQ's races with 404 and 409, and a Redis that fails with 503."""

    def gone(_error: Exception) -> Response:
        return _plain(404, "This job is not there any more.")

    def changed(_error: Exception) -> Response:
        return _plain(409, "This job changed in the same moment. Reload the page.")

    def value_error(error: ValueError) -> Response:
        if _LOST_EXECUTION.fullmatch(str(error)):
            return changed(error)
        raise error

    def away(error: Exception) -> Response:
        _log.warning("redis cannot be reached", error=str(error))
        return _plain(503, "Redis does not answer. Try again when it is back.")

    app.register_error_handler(NoSuchJobError, gone)
    app.register_error_handler(InvalidJobOperation, changed)
    app.register_error_handler(ValueError, value_error)
    app.register_error_handler(RedisError, away)


def _plain(status: int, text: str) -> Response:
    return Response(text, status, mimetype="text/plain")
