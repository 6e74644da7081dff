"""One collection of a Milvus server, or of a Milvus Lite file that lives in this process.

A row is the number of an image, what engines of one row an image hold (`combined`), which of
the embeddings it has, and what is known of the image (`scalars`).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pipeline.errors import IndexUnreachableError, LibraryError
from pipeline.index.milvus import shared
from pipeline.index.milvus.address import is_file
from pipeline.index.milvus.scalars import LONGEST, MOST_NAMES, NAMES, NUMBERS
from pipeline.settings import IndexOptions

MOST = 16_384
"""Rows a search gives at most; Milvus's own limit."""
_SECONDS = 10.0
"""After which a server does not answer."""
_SEARCH = 20.0
"""The same for searches; the client asks again all that time where nobody is there any more."""
_CHANGE = 120.0
"""The same for rows that it takes up or out."""
_LONG = 600.0
"""The same for what it builds or reads."""
_AT_ONCE = 64
"""Queries of one request."""

_clients: dict[str, object] = {}
_borrowed: dict[str, shared.Held] = {}
"""Of files that another process has open: which."""
_lock = threading.Lock()


def client(uri: str):
    """The one client of an address in this process; IndexUnreachableError where nothing answers.

    A token is read from LIKENESS_MILVUS_TOKEN and kept nowhere.
    """
    with _lock:
        if uri in _borrowed and not _borrowed[uri].is_there():
            _end(uri)
        if uri not in _clients:
            with answering(uri):
                _clients[uri] = _opened(uri)
        return _clients[uri]


def _opened(uri: str):
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # else it tells the terminal how often it has asked whether anyone is there
    from pymilvus import MilvusClient

    for name in ("pymilvus", "milvus_lite", "grpc._server"):  # every error is raised, too
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not is_file(uri):
        return MilvusClient(uri, token=os.environ.get("LIKENESS_MILVUS_TOKEN", ""), timeout=_SECONDS)
    Path(uri).parent.mkdir(parents=True, exist_ok=True)
    try:
        made = MilvusClient(uri, timeout=_SECONDS)
    except Exception:
        held = shared.held(uri) if shared.is_locked(uri) else None
        if held is None:
            raise
        made = MilvusClient(held.address, timeout=_SECONDS, dedicated=True)
        _borrowed[uri] = held
        return made
    from milvus_lite.server_manager import server_manager_instance

    shared.tell(uri, server_manager_instance.start_and_get_uri(uri))  # which it has started for the client
    return made


def close(uri: str) -> None:
    """End the client of an address; others may then open its file."""
    with _lock:
        _end(uri)


def _end(uri: str) -> None:
    if (known := _clients.pop(uri, None)) is None:
        return
    known.close()
    if _borrowed.pop(uri, None) is None and is_file(uri):
        # The client leaves the server running that it has started in this process.
        from milvus_lite.server_manager import server_manager_instance

        server_manager_instance.release_server(uri)


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """What Milvus raises, as one sentence."""
    try:
        yield
    except ImportError:
        raise IndexUnreachableError("The engine milvus needs a package: pip install pymilvus milvus-lite") from None
    except LibraryError:
        raise
    except Exception as error:  # gRPC, the client and Lite each raise their own
        if is_file(uri):
            why = "another program has it open" if shared.is_locked(uri) and uri not in _clients else _first_line(error)
            # By its name alone: who may only look need not know in which folder the library lies.
            raise IndexUnreachableError(f"The Milvus file {Path(uri).name} cannot be used: {why.replace(uri, Path(uri).name)}.") from error
        raise IndexUnreachableError(f"Milvus at {uri} does not answer as it should: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    said = getattr(error, "message", "") or str(error) or type(error).__name__
    return said.strip().splitlines()[0].rstrip(".")[:200]


class Collection:
    """uri: of a server, or a file. name: the collection's. dim: length of a row's vector."""

    def __init__(self, uri: str, name: str, dim: int):
        self.uri, self.name, self.dim = uri, name, dim
        self.answers = True
        """Whether it did when it was asked last."""
        self._ready: object = None  # the client by which it can be searched

    @property
    def where(self) -> str:
        """Its place, as a person reads it."""
        return f"{self.uri}, collection {self.name}"

    def make(self, options: IndexOptions) -> None:
        """Create it, empty, with an index of the options' kind."""
        with answering(self.uri):
            from pymilvus import DataType

            known = client(self.uri)
            schema = known.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("pattern", DataType.INT64)
            for name in NAMES:
                schema.add_field(
                    name, DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=MOST_NAMES, max_length=LONGEST
                )
            for name in NUMBERS:
                schema.add_field(name, DataType.DOUBLE, nullable=True)
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.dim)
            index = known.prepare_index_params()
            graph = dict(zip(("M", "efConstruction"), options.graph_for(0)))  # as for few: it has no codes to read
            kind, how = ("HNSW", graph) if options.type == "hnsw" else ("FLAT", {})
            index.add_index("vector", index_type=kind, metric_type="IP", params=how)
            known.create_collection(
                self.name, schema=schema, index_params=index, consistency_level="Strong", timeout=_LONG
            )
            self._ready = known

    def there(self) -> bool:
        """Whether the server has it; from then on it can be searched."""
        with answering(self.uri):
            known = client(self.uri)
            if not known.has_collection(self.name, timeout=_SECONDS):
                return False
            known.load_collection(self.name, timeout=_LONG)
            self._ready = known
            return True

    def _ask(self, what: str, timeout: float, **how):
        """What a method of the client gives for this collection. Once more where the process through which its file
        was asked has ended meanwhile: another has it now, or this one."""
        try:
            with answering(self.uri):
                known = client(self.uri)
                try:
                    found = self._asked_of(known, what, timeout, how)
                except Exception:
                    if (other := client(self.uri)) is known:
                        raise
                    found = self._asked_of(other, what, timeout, how)
        except IndexUnreachableError:
            self.answers = False
            raise
        self.answers = True
        return found

    def _asked_of(self, known, what: str, timeout: float, how: dict):
        if known is not self._ready:
            known.load_collection(self.name, timeout=_LONG)
            self._ready = known
        return getattr(known, what)(self.name, timeout=timeout, **how)

    def upsert(self, ids: np.ndarray, patterns: np.ndarray, vectors: np.ndarray, scalars: Sequence[dict]) -> None:
        """Put rows in, or in the place of those with the same ids."""
        rows = [
            {"id": number, "pattern": pattern, "vector": vector, **told}
            for number, pattern, vector, told in zip(ids.tolist(), patterns.tolist(), vectors, scalars)
        ]
        self._ask("upsert", _CHANGE, data=rows)

    def delete(self, ids: np.ndarray) -> None:
        """Take rows out; those it does not have are passed over."""
        for start in range(0, len(ids), MOST):
            self._ask("delete", _CHANGE, ids=ids[start : start + MOST].tolist())

    def flush(self) -> None:
        """Let it be on the disk, and its index built of all rows."""
        self._ask("flush", _LONG)

    def search(self, queries: np.ndarray, k: int, filter: str, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best for queries (q, dim) float32 by inner product: products (q, k) float32 and ids
        (q, k) int64, −1 for none. k: MOST at most. effort: efSearch."""
        products = np.zeros((len(queries), k), np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        how = {"metric_type": "IP", "params": {"ef": max(effort, k)}}
        for start in range(0, len(queries), _AT_ONCE):
            found = self._ask(
                "search", _SEARCH, data=list(queries[start : start + _AT_ONCE]), limit=k, filter=filter,
                search_params=how, anns_field="vector",
            )  # fmt: skip
            for row, hits in enumerate(found, start):
                ids[row, : len(hits)] = [hit["id"] for hit in hits]
                products[row, : len(hits)] = [hit["distance"] for hit in hits]
        return products, ids

    def count(self) -> int:
        """Rows that it has."""
        return int(self._ask("query", _LONG, filter="", output_fields=["count(*)"])[0]["count(*)"])

    def drop(self) -> None:
        """Remove it, where it is there."""
        with answering(self.uri):
            client(self.uri).drop_collection(self.name, timeout=_LONG)

    def drop_others(self) -> None:
        """Remove all but it: where nobody else has any."""
        with answering(self.uri):
            known = client(self.uri)
            for name in known.list_collections(timeout=_SECONDS):
                if name != self.name:
                    known.drop_collection(name, timeout=_LONG)
