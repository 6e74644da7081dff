"""The server's log: one JSON object a line on standard error, each with its request's id.

LIKENESS_LOG names the level: debug, info (each request), warning (the default) or error.
The id is also told in the header X-Request-Id, so that what a person saw is found in the log.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from secrets import token_hex

from pipeline.errors import SettingsError

LEVELS = ("debug", "info", "warning", "error")
HEADER = "X-Request-Id"

_REQUEST: ContextVar[str] = ContextVar("request", default="")
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOG = logging.getLogger("likeness.request")


class Lines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, request, message, and what is told beside it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if _REQUEST.get():
            line["request"] = _REQUEST.get()
        line |= getattr(record, "told", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start(level: str | None = None) -> None:
    """Write the log of this process to standard error; SettingsError for a level that is none."""
    named = (level or os.environ.get("LIKENESS_LOG") or "warning").strip().lower()
    if named not in LEVELS:
        raise SettingsError(f"LIKENESS_LOG must be one of {', '.join(LEVELS)}, not {named!r}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(named.upper())
    # Waitress warns of every request that has to wait for a thread.
    logging.getLogger("waitress.queue").setLevel("ERROR" if named != "debug" else "DEBUG")


class Logged:
    """A WSGI application whose requests are numbered and logged.

    trusted: whether the id that a proxy gives is taken over.
    """

    def __init__(self, application: Callable, trusted: bool = False):
        self._application = application
        self._trusted = trusted

    def __call__(self, environ, start_response):
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._trusted else ""
        number = given if _GIVEN.fullmatch(given) else token_hex(8)
        _REQUEST.set(number)
        began = time.monotonic()

        def start_with(status, headers, exc_info=None):
            told = {
                "method": environ.get("REQUEST_METHOD"),
                "path": environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
                "status": int(status.split()[0]), "ms": round((time.monotonic() - began) * 1000, 1),
                "from": environ.get("REMOTE_ADDR"),
            }
            level = logging.WARNING if told["status"] >= 500 else logging.INFO
            _LOG.log(level, "%s %s", told["method"], told["path"], extra={"told": told})
            return start_response(status, [*headers, (HEADER, number)], exc_info)

        return self._application(environ, start_with)
