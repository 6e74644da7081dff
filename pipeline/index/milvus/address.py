"""Addresses of Milvus as text: a server's, or a file of Milvus Lite. Nothing here asks one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import SettingsError


def is_file(uri: str) -> bool:
    """Whether an address is that of a Milvus Lite file, and no server's."""
    return "://" not in uri


def typed(uri: str) -> str:
    """What a person typed, as the library keeps it: a file by its whole path, whatever directory is the current one
    the next time. Raises SettingsError for what no Milvus is at, and for an address with a password in it, which
    would be kept and shown."""
    if not uri:
        return uri
    if is_file(uri):
        if not uri.endswith(".db"):
            raise SettingsError(f"--uri is a server's address, as http://HOST:19530, or a file whose name ends in .db; not {uri!r}.")
        return str(Path(uri).expanduser().absolute())
    parts = urlsplit(uri)
    if parts.password is not None or parts.username is not None:
        raise SettingsError("Names and passwords do not belong into --uri: it is kept with the library, and shown. Put them into "
                            "LIKENESS_MILVUS_TOKEN, as NAME:PASSWORD.")  # fmt: skip
    if parts.scheme.lower() not in ("http", "https", "tcp") or not parts.hostname:
        raise SettingsError(f"--uri is a server's address, as http://HOST:19530, or a file whose name ends in .db; not {uri!r}.")
    return uri
