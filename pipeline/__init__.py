"""From a folder of pictures to vectors, one combined index and maps.

The package knows nothing of the dashboard. Start reading at `library` (the data),
`embeddings` (the vectors), `index` and `search` (the neighbors), `maps` (the overview).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.notebook import Opened

if sys.platform == "darwin":
    # faiss and torch each bring an OpenMP of their own, and the second one refuses to start.
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")

VERSION = "0.3.0"


def open_library(data: str | os.PathLike | None = None) -> Opened:
    """A library for a notebook or a script: `open_library("data").search("red dress")`.

    data: its directory; None: LIKENESS_DATA, or ./data. Raises LibraryError where there is none.
    """
    from pipeline.notebook import Opened  # what a command does not need is not loaded

    return Opened(data)
