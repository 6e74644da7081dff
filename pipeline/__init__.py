"""From a folder of pictures to vectors, one combined index and maps.

The package knows nothing of the dashboard. Start reading at `library` (the data),
`embeddings` (the vectors), `index` and `search` (the neighbors), `maps` (the overview).
"""

import os
import sys

if sys.platform == "darwin":
    # faiss and torch each bring an OpenMP of their own, and the second one refuses to start.
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")

VERSION = "0.3.0"
