"""Addresses as text: told from paths, checked, joined. Nothing here asks a store."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.errors import LibraryError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # two letters at least: C:/ is a drive
_LOCAL = ("file", "local")
_WEB = ("http", "https")


def is_address(place: str | os.PathLike) -> bool:
    """Whether a place is an address, and not a path of this machine."""
    return isinstance(place, str) and _ADDRESS.match(place) is not None


def join(root: str, path: str) -> str:
    """The place of what lies at `path` below a root, a folder or an address."""
    if not is_address(root):
        return os.path.join(root, path) if path else root
    return f"{root}/{path}" if path else root


def typed(text: str) -> Path | str:
    """What a person typed: a path, or an address as the library keeps it, without a slash at its end.

    Raises LibraryError for an address with a secret in it, which would be kept and shown.
    """
    found = _ADDRESS.match(text)
    if found is None:
        return Path(text)
    scheme, rest = found[1].lower(), text[found.end() :]
    if scheme in _LOCAL:
        return Path(unquote(rest)) if rest.startswith("/") else Path("/", unquote(rest))
    address = f"{scheme}://{rest.rstrip('/')}"
    if "::" in rest or not rest.strip("/"):
        raise LibraryError(f"{text} names no folder of a store; as in s3://bucket/photos.")
    if urlsplit(address).password is not None or scheme in _WEB and set("?#") & set(rest):
        raise LibraryError(
            "Passwords and keys do not belong into an address: it is kept with the library, and shown. "
            "Give them as the store's package takes them, by its variables or its file."
        )
    return address


def is_inside(address: str, around: str) -> bool:
    """Whether an address is another one or lies below it."""
    return address == around or address.startswith(f"{around}/")
