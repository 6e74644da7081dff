"""Why neighbors are near, in words."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.reads import Reads, reasons
from pipeline.library import Library
from pipeline.search import Query


@pytest.mark.parametrize(("far", "words"), [
    ({"color": 5.0, "meaning": 1.0}, "mostly by color"),
    ({"color": 3.0, "meaning": 2.9}, "by color and meaning"),
    ({"meaning": 3.0, "texture": 2.5, "color": 2.2}, "by meaning, texture and color"),
    ({"color": 3.0, "meaning": 2.1, "texture": 0.1}, "by color and meaning"),
    ({"color": 3.0}, ""),
    ({"color": -1.0, "meaning": -2.0}, ""),
    ({}, ""),
])
def test_what_stands_out_is_the_reason(far, words):
    assert reasons.said(far) == words


def test_neighbors_by_one_embedding_are_near_mostly_by_it(made_library):
    """Cosines of color are large for all pairs; what counts is how far above the others they are."""
    reads = Reads(Library(made_library))
    index = reads.searcher.index()
    for name in ("color", "sift"):
        told = 0
        for image in index.ids(name)[:12].tolist():
            matches = reads.search(Query.around(image, weights={name: 1.0}, top_k=3)).matches
            other = next(one for one in index.embeddings if one != name)
            vectors = index.vectors(np.array([image, *(match.id for match in matches)]), other)
            for match, cosine in zip(matches, vectors[1:] @ vectors[0]):
                match.parts[other] = float(cosine)
            both = {name: 1.0, other: 1.0}
            told += reasons.of(reads, image, matches, both) in (f"mostly by {title(name)}", f"by {title(name)} and {title(other)}")
        assert told >= 9, name


def title(name: str) -> str:
    return {"color": "color", "sift": "texture & shape"}[name]
