"""Which pool works, by where it is to work."""

from __future__ import annotations

from functools import partial

from pipeline.errors import SettingsError
from pipeline.extraction.local import LocalPool
from pipeline.extraction.pool import MakePool


LOCAL = "local"
"""Where pictures are looked at unless one says otherwise."""


def pool_on(where: str) -> MakePool:
    """local: processes of this machine. ray: Ray, started here; ray:auto or ray://HOST:10001: a
    cluster that is there. SettingsError for another."""
    if where == LOCAL:
        return LocalPool
    if where == "ray" or where.startswith(("ray:", "ray://")):
        from pipeline.extraction.ray_pool import RayPool

        address = None if where == "ray" else where if where.startswith("ray://") else where.removeprefix("ray:")
        return partial(RayPool, address=address)
    raise SettingsError(f"Pictures are looked at on local, ray, ray:auto or ray://HOST:PORT, not on {where!r}.")
