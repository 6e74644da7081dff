"""The kNN similarity graph: images as nodes, links between images and their nearest.

A link's similarity is a search's score: Σ wₘcosₘ / Σ wₘ, in [−1, 1]. Images i and j are
linked where j is among the k nearest of i, or i among those of j (the union: no image
loses its own nearest); with `mutual`, only where both hold, which takes away the images
that are near to everything.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.embeddings import usual
from pipeline.errors import QueryError
from pipeline.index import Index, shares

if TYPE_CHECKING:
    import networkx as nx

NEIGHBORS = 4
"""Neighbors per image: of ten starts among 3,781 photographs nine lead to 100 images by 4 links
each and one by 2; more only make the drawing denser."""

_AHEAD = 96
"""Images asked about at once: a scan of 3,781 rows then takes a fifth of the time per image
that it takes for up to 64."""


@dataclass(frozen=True)
class Links:
    """What makes a link: the k nearest, at least this similar, by these weights.

    weights: {embedding: ≥ 0}; None: the usual ones. least: in [−1, 1]. mutual: see above.
    """

    k: int = NEIGHBORS
    least: float = 0.0
    weights: Mapping[str, float] | None = None
    mutual: bool = False


def around(index: Index, image: int, count: int, links: Links = Links()) -> nx.Graph:
    """The graph around an image, of at most `count` images, itself among them.

    Grown best first through the index, never by comparing all pairs: next comes the image
    best reached from the first, by the product of (1 + similarity)/2 along the way. That
    keeps to the surroundings of the first image, where the single best link at any edge
    would wander off along chains of duplicates. The k nearest are those of the whole
    library. Fewer images come back where fewer can be reached by such links.

    Nodes are image ids, each with its `similarity` to the first image; edges carry
    `similarity`. QueryError for an image with nothing to compare.
    """
    import networkx as nx

    weights = _checked(index, links.weights)
    _comparable(index, image, weights)
    nearest = _reach(index, image, weights, count, links)
    ids = np.array(list(nearest), np.int64)
    position = {node: at for at, node in enumerate(nearest)}
    named = np.zeros((len(ids), len(ids)), bool)  # i names j among its nearest
    for node, others in nearest.items():
        mine = [position[other] for other in others if other in position]
        named[position[node], mine] = True
    similar = _similar(index, ids, weights)
    graph = _linked(ids, similar, named, links)
    if links.mutual:
        graph = graph.subgraph(nx.node_connected_component(graph, image)).copy()
    to_first = dict(zip(ids.tolist(), similar[0].tolist()))
    nx.set_node_attributes(graph, {node: to_first[node] for node in graph}, "similarity")
    graph.nodes[image]["similarity"] = 1.0
    return graph


def within(index: Index, images: Sequence[int], count: int, links: Links = Links()) -> nx.Graph:
    """The graph of a set of images, with the k nearest of each among the images shown.

    Of more than `count` images it shows a fair sample (see `sample`). All stay, linked or
    not; those without vectors are linked to nothing. Edges carry `similarity`.
    """
    import networkx as nx

    shown = np.array(sample(images, count), np.int64)
    weights = _checked(index, links.weights)
    ids = shown[np.isin(shown, _seen(index, weights))]
    similar = _similar(index, ids, weights)
    k = min(links.k, len(ids))
    ranked = np.where(np.eye(len(ids), dtype=bool), -np.inf, similar)
    best = np.argsort(-ranked, axis=1, kind="stable")[:, :k]
    named = np.zeros(similar.shape, bool)
    np.put_along_axis(named, best, True, axis=1)
    graph = nx.Graph()
    graph.add_nodes_from(shown.tolist())
    graph.add_edges_from(_linked(ids, similar, named, links).edges(data=True))
    return graph


def sample(images: Sequence[int], count: int) -> list[int]:
    """At most `count` of the images, ids ascending: evenly spread over the ids.

    Ids follow the folders, so every folder comes in its proportion.
    """
    ordered = sorted({int(image) for image in images})
    if len(ordered) <= count:
        return ordered
    return [ordered[at] for at in np.linspace(0, len(ordered) - 1, count).round().astype(int)]


def communities(graph: nx.Graph, seed: int = 0) -> list[list[int]]:
    """Images that hang together, largest community first; images without links are in none.

    Louvain's method (Blondel et al. 2008) on the similarities; the same graph and seed
    give the same answer.
    """
    import networkx as nx

    weighted = nx.Graph()
    edges = sorted((*sorted(pair), similarity) for *pair, similarity in graph.edges(data="similarity"))
    weighted.add_weighted_edges_from((a, b, max(similarity, 1e-3)) for a, b, similarity in edges)
    if not len(weighted):
        return []
    found = nx.community.louvain_communities(weighted, weight="weight", seed=seed)
    return sorted((sorted(one) for one in found), key=lambda one: (-len(one), one[0]))


def _checked(index: Index, weights: Mapping[str, float] | None) -> dict[str, float]:
    """The weights of all embeddings as shares of 1."""
    given = usual(index.embeddings) if weights is None else dict(weights)
    for name in given:
        if name not in index.embeddings:
            raise QueryError(f"{name!r} is not in the index; there are: {', '.join(index.embeddings)}.")
    found = shares(given, index.embeddings)
    if not found or min(given.values()) < 0:
        raise QueryError("Weights are numbers from 0 up, at least one above 0.")
    return found


def _seen(index: Index, weights: Mapping[str, float]) -> np.ndarray:
    """Images that can be compared by these weights: (n,) int64 ascending."""
    return np.unique(np.concatenate([index.ids(name) for name in weights]))


def _comparable(index: Index, image: int, weights: Mapping[str, float]) -> None:
    """Raise QueryError where an image has nothing that could be compared."""
    if image in _seen(index, weights):
        return
    if image in index.ids():
        raise QueryError("This image has nothing that could be compared this way; choose another embedding.")
    raise QueryError("This image has no vectors in this library yet; update the library first.")


def _reach(
    index: Index, start: int, weights: dict[str, float], count: int, links: Links
) -> dict[int, list[int]]:
    """Images in the order in which they are reached, each with its nearest."""
    known: dict[int, list[tuple[int, float]]] = {}
    reached = {start: 1.0}
    waiting = [(-1.0, start)]
    taken: dict[int, list[int]] = {}
    while waiting and len(taken) < count:
        image = heapq.heappop(waiting)[1]
        if image in taken:
            continue
        if image not in known:
            # Those next in line are asked about in the same go; the order stays best first.
            unknown = (one for one in waiting if one[1] not in known and one[1] not in taken)
            line = dict.fromkeys([image, *(other for _, other in heapq.nsmallest(2 * _AHEAD, unknown))])
            most = min(_AHEAD, count - len(taken))
            known |= _nearest(index, list(line)[:most], weights, links)
        taken[image] = [other for other, _ in known[image]]
        for other, similarity in known[image]:
            strength = reached[image] * (1 + min(1.0, similarity)) / 2
            if other not in taken and strength > reached.get(other, 0.0):
                reached[other] = strength
                heapq.heappush(waiting, (-strength, other))
    return taken


def _nearest(
    index: Index, images: list[int], weights: dict[str, float], links: Links
) -> dict[int, list[tuple[int, float]]]:
    """Per image its k nearest others, at least `links.least` similar, with the similarity."""
    found = index.neighbors(np.array(images, np.int64), links.k, weights)
    return {
        image: [
            (other, similarity)
            for other, similarity in zip(others, similarities)
            if other >= 0 and similarity >= links.least
        ]
        for image, others, similarities in zip(images, found.ids.tolist(), found.scores.tolist())
    }


def _similar(index: Index, ids: np.ndarray, weights: dict[str, float]) -> np.ndarray:
    """Similarity of each two images (n, n) float32 as the library has them; exactly 0 where they share nothing."""
    similar = np.eye(len(ids), dtype=np.float32)
    found = index.neighbors(ids, max(0, len(ids) - 1), weights, among=ids, exact=True)
    order = np.argsort(ids)
    row, column = np.nonzero(found.ids >= 0)
    similar[row, order[np.searchsorted(ids, found.ids[row, column], sorter=order)]] = found.scores[row, column]
    return similar


def _linked(ids: np.ndarray, similar: np.ndarray, named: np.ndarray, links: Links) -> nx.Graph:
    """The graph of n images: named (n, n) bool says who has whom among its nearest."""
    import networkx as nx

    both = named & named.T if links.mutual else named | named.T
    both &= (similar >= links.least) & (similar != 0)
    graph = nx.Graph()
    graph.add_nodes_from(ids.tolist())
    for i, j in zip(*np.nonzero(np.triu(both, 1))):
        graph.add_edge(int(ids[i]), int(ids[j]), similarity=round(float(similar[i, j]), 6))
    return graph
