"""The networks of this process: each is loaded once, however many libraries and threads ask.

A network is several hundred megabytes. Extractors ask for theirs at every batch; the first
one to ask loads it, the others wait for that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from pipeline import host
from pipeline.embeddings.engines import Network
from pipeline.errors import SettingsError

_loaded: dict[Hashable, Network] = {}
# One for all: torch and the packages around it are not meant to be imported by two threads at once.
_loading = threading.RLock()


def shared(key: Hashable, load: Callable[[], Network]) -> Network:
    """The network under `key`, which names all that its loading depends on; `load` makes it.

    Where `load` raises, nothing is kept, and the next one to ask tries again. Raises
    SettingsError where this process may not use enough memory for any network.
    """
    found = _loaded.get(key)
    if found is None:
        with _loading:
            found = _loaded.get(key)
            if found is None:
                if lacking := host.too_little(host.NETWORK_SPACE):
                    raise SettingsError(f"A network cannot be loaded: {lacking}")
                found = _loaded[key] = load()
    return found


def forget() -> None:
    """Let go of every network; who asks next loads again."""
    with _loading:
        _loaded.clear()
