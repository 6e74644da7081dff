"""Milvus with one combined vector a row, or with one field per embedding: which finds more of the true neighbors?

`python -m tests.measure_milvus_fields LIBRARY --queries 30`. Outside the suite. Fills two collections of a Milvus Lite
file in a temporary folder with the vectors of a library, both HNSW by inner product (M 16, efConstruction 200). The one
is asked with the query's parts scaled by their weights, the other by a hybrid search that ranks the sum of weighted
scores (scores not normalized) of the nearest 100 or 1,000 of each field. Told: recall@10 against all scores computed,
and milliseconds a query; at equal weights, at each embedding alone and at 16 weightings drawn at random.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from pymilvus import AnnSearchRequest, DataType, MilvusClient, WeightedRanker

from pipeline import index
from pipeline.library import Library

TOP = 10
EFFORT = 512
DEPTHS = 100, 1_000
ROWS_AT_ONCE = 500


def fill(client: MilvusClient, name: str, ids: np.ndarray, parts: dict[str, np.ndarray]) -> None:
    """A collection with one vector field for each of the parts: {name: (n, dim) float32}."""
    schema, params = client.create_schema(), client.prepare_index_params()
    schema.add_field("id", DataType.INT64, is_primary=True)
    for field, rows in parts.items():
        schema.add_field(field, DataType.FLOAT_VECTOR, dim=rows.shape[1])
        params.add_index(field, index_type="HNSW", metric_type="IP", params={"M": 16, "efConstruction": 200})
    client.create_collection(name, schema=schema, index_params=params)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = range(start, min(len(ids), start + ROWS_AT_ONCE))
        client.upsert(
            name, [{"id": int(ids[k]), **{field: rows[k] for field, rows in parts.items()}} for k in some]
        )
    client.flush(name)
    client.load_collection(name)


def weightings(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Equal ones, the corners, and 16 drawn evenly from all; each (count,), adding up to 1."""
    drawn = np.random.default_rng(seed).dirichlet(np.ones(count), 16)
    corners = {f"only {at + 1}": row for at, row in enumerate(np.eye(count))}
    return {
        "equal": np.full(count, 1 / count),
        **corners,
        **{f"drawn {at}": row for at, row in enumerate(drawn)},
    }


def by_one(client: MilvusClient, query: dict[str, np.ndarray], weights: np.ndarray) -> set[int]:
    """The nearest by the combined vector."""
    asked = np.hstack([weight * part for weight, part in zip(weights, query.values())])
    return _ids(client.search("one", [asked], limit=TOP, search_params={"params": {"ef": EFFORT}}))


def by_fields(
    client: MilvusClient, query: dict[str, np.ndarray], weights: np.ndarray, depth: int
) -> set[int]:
    """The nearest by a hybrid search over the fields whose weight is not 0, `depth` of each."""
    used = [(float(weight), name, part) for weight, (name, part) in zip(weights, query.items()) if weight > 0]
    how = {"params": {"ef": max(EFFORT, depth)}}
    requests = [AnnSearchRequest([part], name, how, limit=depth) for _, name, part in used]
    ranker = WeightedRanker(*[weight for weight, _, _ in used], norm_score=False)
    return _ids(client.hybrid_search("many", requests, ranker, limit=TOP))


def _ids(found) -> set[int]:
    return {hit["id"] for hit in found[0]}


def main() -> None:
    """Measure, and print a line for each weighting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--queries", type=int, default=30)
    told = parser.parse_args()
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    library = Library(told.library)
    loaded = index.load(library)
    ids = loaded.ids()
    parts = {name: library.vectors(name, ids)[1] for name in loaded.embeddings}
    with tempfile.TemporaryDirectory() as folder:
        client = MilvusClient(str(Path(folder) / "milvus.db"))
        fill(client, "one", ids, {"vector": np.hstack(list(parts.values()))})
        fill(client, "many", ids, parts)
        ways = {"one vector": by_one} | {
            f"fields, {depth} of each": lambda *a, depth=depth: by_fields(*a, depth) for depth in DEPTHS
        }
        asked = np.random.default_rng(0).choice(len(ids), told.queries, replace=False)
        for name, weights in weightings(len(parts)).items():
            right, seconds = defaultdict(int), defaultdict(float)
            for at in asked:
                query = {part: rows[at] for part, rows in parts.items()}
                scores = sum(weight * (rows @ rows[at]) for weight, rows in zip(weights, parts.values()))
                true = set(ids[np.argsort(-scores)[:TOP]].tolist())
                for way, ask in ways.items():
                    begun = time.perf_counter()
                    right[way] += len(ask(client, query, weights) & true)
                    seconds[way] += time.perf_counter() - begun
            print(f"{name:9}", " ".join(f"{weight:.2f}" for weight in weights), *(
                f"| {way} {right[way] / TOP / len(asked):.3f}, {1000 * seconds[way] / len(asked):.0f} ms" for way in ways
            ), flush=True)  # fmt: skip
        client.close()


if __name__ == "__main__":
    main()
