"""Every default and every environment variable, once.

Options of the command line left out fall back to these; environment variables are read
at call time, so that tests and servers can set them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline import host
from pipeline.errors import SettingsError
from pipeline.processes import Limits

DATA_DIR = "./data"
HOST = "127.0.0.1"
PORT = 8050

ENGINES = ("auto", "openvino", "torch")
DEVICES = ("auto", "cpu", "cuda", "mps")
INDEX_TYPES = ("hnsw", "ivfpq", "flat")
INDEX_ENGINES = ("faiss", "milvus")
STORAGES = ("float32", "float16", "int8")
METRICS = ("cosine", "euclidean", "manhattan", "hamming")

TOP_K = 12

_OWN_BYTES, _WORKER_BYTES = 800_000_000, 300_000_000  # resident: this process with a network; a worker


@dataclass(frozen=True)
class EmbedOptions:
    """How the batch loop runs; none of this changes a vector."""

    batch_size: int = 256
    """Pictures stored per transaction: what a kill loses at most."""
    model_batch_size: int = 32
    """Pictures per forward pass of a network."""
    workers: int = 0
    """Worker processes that decode; 0: one per core."""
    device: str = "auto"
    """Where networks run."""
    on: str = "local"
    """Where pictures are looked at: this machine, or a Ray cluster (`extraction.pools`)."""


_MANY = 200_000
"""Images of which an index has a coarser graph."""


@dataclass(frozen=True)
class IndexOptions:
    """Which kind of index, and its parameters."""

    type: str = "hnsw"
    storage: str = "float32"
    """How the rows are kept by which candidates are ranked."""
    hnsw_m: int = 0
    """Links per node; 0: as many as pay for so many images (`graph_for`)."""
    ef_construction: int = 0
    """Candidates while building; 0: as many as pay."""
    ef_search: int = 0
    """Effort of a search (efSearch, for ivfpq nprobe); 0: measured for a recall."""
    engine: str = "faiss"
    """What holds the index: files of the library, or Milvus."""
    uri: str = ""
    """Where Milvus is: a server's address, or a file of Milvus Lite; "": one in the library's directory."""

    def graph_for(self, count: int) -> tuple[int, int]:
        """Links per node and candidates while building, for so many images.

        With 16 links for 32 the worst of the embeddings alone lost 5 points of recall at the same effort; with 300
        candidates for 200 it gained one, and building took half as long again. Where there are so many images that
        what a search reads are codes, at whatever effort, a graph of all these links is only waited for: 30,000 rows took 15.0 s
        of a core with them, 6.5 s with half (and a walk of effort 128 then found 0.94 of the nearest for 0.99).
        """
        links, candidates = (32, 200) if count < _MANY else (16, 100)
        return self.hnsw_m or links, self.ef_construction or candidates


@dataclass(frozen=True)
class MapOptions:
    """UMAP (McInnes et al. 2018) and HDBSCAN (Campello et al. 2013) parameters."""

    n_neighbors: int = 15
    min_dist: float = 0.1
    min_cluster_size: int = 0
    """Smallest group called a cluster; 0: chosen from the number of pictures."""
    limit: int = 0
    """Map at most this many pictures, drawn evenly; 0: all."""
    seed: int | None = None
    """A seed makes the map reproducible and single-threaded; None: fast."""


def engine() -> str:
    """What runs networks (LIKENESS_ENGINE): `openvino`, `torch`, or `auto`, which is for the program to choose."""
    given = os.environ.get("LIKENESS_ENGINE") or "auto"
    if given not in ENGINES:
        raise SettingsError(f"LIKENESS_ENGINE is one of {', '.join(ENGINES)}, not {given!r}.")
    return given


def find_away() -> bool:
    """Whether pictures on drives that are not there are found all the same (LIKENESS_FIND_AWAY=1)."""
    return os.environ.get("LIKENESS_FIND_AWAY", "") not in ("", "0")


def data_dir(given: str | Path | None = None) -> Path:
    """The library's directory: as given, or LIKENESS_DATA, or ./data."""
    return at_home(given or os.environ.get("LIKENESS_DATA") or DATA_DIR)


def at_home(given: str | Path) -> Path:
    """A path of which a shell may have left ~ as it is: after --data=, in quotes, in a file of variables."""
    path = Path(given)
    try:
        return path if not str(path).startswith("~") or path.exists() else path.expanduser()
    except RuntimeError:  # no home, or nobody of that name
        return path


def roof_dir() -> Path | None:
    """A directory whose sub-directories are libraries, served together: LIKENESS_ROOF."""
    given = os.environ.get("LIKENESS_ROOF")
    return at_home(given) if given else None


def cache_dir() -> Path:
    """Where downloaded weights live: LIKENESS_CACHE, or likeness in the user's cache.

    Raises SettingsError for a user without a home, as in a container: not a shared
    temporary directory, where somebody else could lay weights.
    """
    given = os.environ.get("LIKENESS_CACHE")
    if given:
        return at_home(given)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "likeness"
    except RuntimeError:
        raise SettingsError("There is no home directory to keep weights in; set LIKENESS_CACHE.") from None


def cores() -> int:
    """Processor cores this process may use; LIKENESS_THREADS overrides."""
    given = os.environ.get("LIKENESS_THREADS")
    if given:
        if not given.isdecimal() or int(given) < 1:
            raise SettingsError(
                f"LIKENESS_THREADS must be a number from 1 up, not {given!r}."
            )
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count() -> int:
    """Worker processes at once: one per core, fewer where memory is short (a container)."""
    there = host.memory()
    if there is None:
        return cores()
    return max(1, min(cores(), (there - _OWN_BYTES) // _WORKER_BYTES))


def picture_limits() -> Limits:
    """What one picture may cost in a worker process: LIKENESS_PICTURE_SECONDS (30), and
    LIKENESS_PICTURE_MEMORY in megabytes (1500) above the some 200 that a worker has anyway.

    0 lifts a limit. Decoding a picture of 20 megapixels takes 0.1 s and 60 MB.
    """
    return Limits(
        _number("LIKENESS_PICTURE_SECONDS", 30),
        int(_number("LIKENESS_PICTURE_MEMORY", 1500) * 1_000_000),
    )


def _number(name: str, default: float) -> float:
    """An environment variable as a number from 0 up."""
    given = os.environ.get(name)
    if not given:
        return default
    try:
        number = float(given)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise SettingsError(f"{name} must be a number from 0 up, not {given!r}.")
    return number


def parse_weights(text: str, known: tuple[str, ...]) -> dict[str, float]:
    """Read `color=1,sift=0.5` into {name: weight ≥ 0}; raises SettingsError with the form.

    Names left out weigh 0. `known` are the embeddings that may be named.
    """
    weights = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, number = part.partition("=")
        name = name.strip()
        if name not in known:
            raise SettingsError(
                f"No embedding {name!r} to weigh here; there are: {', '.join(known)}."
            )
        try:
            weight = float(number) if equals else 1.0
        except ValueError:
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise SettingsError(
                f"The weight in {part!r} must be a number from 0 up, as in color=1,sift=0.5."
            )
        weights[name] = weight
    if not any(weights.values()):
        raise SettingsError("At least one embedding needs a weight above 0.")
    return {name: weights.get(name, 0.0) for name in known}
