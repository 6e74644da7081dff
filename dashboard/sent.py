"""What a browser sends beside an address."""

from __future__ import annotations

from flask import request


def fields() -> dict:
    """The JSON object that a request brings along; an empty one where it brings anything else."""
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # it goes too deep
        return {}
    return given if isinstance(given, dict) else {}
