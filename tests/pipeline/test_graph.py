"""The similarity graph against comparing everything, and where its pictures stand."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from pipeline import graph
from pipeline import index as indexes
from pipeline.errors import QueryError
from pipeline.graph import Links
from pipeline.graph import layout as graph_layout
from tests.conftest import synthetic_library

COUNT = 300
WEIGHTS = {"color": 0.5, "sift": 1.0}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The index of 300 clustered images with two embeddings."""
    library = synthetic_library(tmp_path_factory.mktemp("graph"), COUNT, {"color": 24, "sift": 40})
    indexes.build(library)
    return indexes.load(library)


@pytest.fixture(scope="module")
def cosines(index) -> np.ndarray:
    """Weighted means of cosines of each two images from the stored vectors, ids − 1 as position."""
    total = sum(WEIGHTS.values())
    return sum(
        weight / total * (rows @ rows.T)
        for name, weight in WEIGHTS.items()
        for rows in [index.library.vectors(name)[1].astype(np.float64)]
    )


def pairs(found: nx.Graph) -> set[tuple[int, int]]:
    return {tuple(sorted(edge)) for edge in found.edges}


def test_a_set_is_linked_as_comparing_all_pairs_says(index, cosines):
    ids = np.arange(1, COUNT + 1, 3)
    found = graph.within(index, ids, COUNT, Links(k=3, least=0.3, weights=WEIGHTS))
    similar = cosines[np.ix_(ids - 1, ids - 1)].copy()
    np.fill_diagonal(similar, -np.inf)
    expected = {
        tuple(sorted((int(ids[i]), int(ids[j]))))
        for i in range(len(ids)) for j in np.argsort(-similar[i])[:3] if similar[i, j] >= 0.3
    }
    assert expected and pairs(found) == expected
    assert set(found) == set(ids.tolist()), "images without links stay"
    for a, b, similarity in found.edges(data="similarity"):
        assert similarity == pytest.approx(cosines[a - 1, b - 1], abs=1e-5)


def test_mutual_links_are_those_that_both_images_name(index, cosines):
    ids = np.arange(1, COUNT + 1, 2)
    similar = cosines[np.ix_(ids - 1, ids - 1)].copy()
    np.fill_diagonal(similar, -np.inf)
    named = [set(np.argsort(-row)[:4]) for row in similar]
    expected = {
        (int(ids[i]), int(ids[j])) for i in range(len(ids)) for j in named[i] if i < j and i in named[j]
    }
    links = Links(k=4, least=-1, weights=WEIGHTS, mutual=True)
    assert pairs(graph.within(index, ids, COUNT, links)) == expected


def test_around_an_image_come_those_best_reached_over_true_neighbors(index, cosines):
    """Against Dijkstra's algorithm over the kNN graph of the whole library."""
    links = Links(k=4, least=0.1, weights=WEIGHTS)
    start, count = 17, 40
    found = graph.around(index, start, count, links)
    similar = cosines.copy()
    np.fill_diagonal(similar, -np.inf)
    whole = nx.DiGraph()
    for i in range(COUNT):
        for j in np.argsort(-similar[i])[:4]:
            if similar[i, j] >= 0.1:
                whole.add_edge(i + 1, int(j) + 1, length=-np.log((1 + similar[i, j]) / 2))
    reached = nx.single_source_dijkstra_path_length(whole, start, weight="length")
    nearest = sorted(reached, key=reached.get)[:count]
    assert set(found) == set(nearest)
    assert pairs(found) == {tuple(sorted(e)) for e in whole.edges if e[0] in found and e[1] in found}
    for node, similarity in found.nodes(data="similarity"):
        assert similarity == pytest.approx(1.0 if node == start else cosines[start - 1, node - 1], abs=1e-5)


def test_more_neighbors_and_a_lower_threshold_only_add_links(index):
    ids = range(1, 151)
    few = [pairs(graph.within(index, ids, 400, Links(k=k, least=0.2))) for k in (1, 2, 4, 8)]
    low = [pairs(graph.within(index, ids, 400, Links(k=4, least=t))) for t in (0.6, 0.4, 0.2, -1)]
    for steps in (few, low):
        assert all(a <= b for a, b in pairwise(steps)) and len(steps[0]) < len(steps[-1])


def test_of_a_large_set_an_even_sample_is_shown(index):
    found = graph.within(index, range(1, COUNT + 1), 50)
    assert len(found) == 50
    gaps = np.diff(sorted(found))
    assert gaps.min() >= 6 and gaps.max() <= 7  # 299 / 49 = 6.1
    assert graph.sample([9, 3, 3], 5) == [3, 9]


def test_an_image_without_vectors_stands_alone_and_is_no_center(tmp_path):
    library = synthetic_library(tmp_path, 30, {"color": 24})
    library.db.execute("INSERT INTO images (id, root_id, path, size, mtime, content_hash) "
                       "VALUES (99, 1, 'late.jpg', 1, 0, 'f')")
    indexes.build(library)
    index = indexes.load(library)
    found = graph.within(index, [1, 2, 3, 99], 10, Links(least=-1))
    assert 99 in found and found.degree(99) == 0 and found.degree(1) > 0
    with pytest.raises(QueryError, match="no vectors"):
        graph.around(index, 99, 10)
    with pytest.raises(QueryError, match="sift"):
        graph.around(index, 1, 10, Links(weights={"sift": 1.0}))


def test_communities_are_the_groups_there_are_and_the_same_every_time():
    made = nx.Graph()
    made.add_nodes_from(range(20))
    for group in (range(8), range(8, 14), range(14, 19)):
        made.add_edges_from(((a, b) for a in group for b in group if a < b), similarity=0.8)
    made.add_edges_from([(7, 8), (13, 14)], similarity=0.1)
    expected = [list(range(8)), list(range(8, 14)), list(range(14, 19))]  # 19 has no links
    assert graph.communities(made) == expected
    turned = nx.Graph()
    turned.add_edges_from((b, a, data) for a, b, data in reversed(list(made.edges(data=True))))
    assert graph.communities(turned) == expected


def drawn(found: nx.Graph, seed: int):
    """Sizes of pictures of any proportion, and where they stand: xy (n, 2), half (n, 2)."""
    shapes = np.exp(np.random.default_rng(seed).uniform(-0.9, 0.9, len(found)))
    sizes = {node: (100 * s**0.5, 100 / s**0.5) for node, s in zip(found, shapes)}
    places = graph_layout.stress_layout(found, sizes, seed=seed)
    assert set(places) == set(found)
    return np.array([places[n] for n in found]), np.array([sizes[n] for n in found]) / 2


@pytest.mark.parametrize("count", [20, 100, 400])
@pytest.mark.parametrize("kind", ["tree", "clusters", "sparse", "twins"])
def test_no_picture_lies_on_another_and_none_flies_away(count, kind):
    if kind == "tree":
        found = nx.random_labeled_tree(count, seed=1)
    elif kind == "clusters":
        found = nx.random_partition_graph([count // 4] * 4, min(1.0, 40 / count), 0.4 / count, seed=1)
    elif kind == "sparse":  # pairs, triples, and many without links
        found = nx.gnm_random_graph(count, count // 3, seed=1)
    else:  # all alike, all linked to one: no two may fall on one spot
        found = nx.star_graph(count - 1)
    nx.set_edge_attributes(found, 0.5, "similarity")
    xy, half = drawn(found, seed=count)
    gap = graph_layout.GAP * 100 / 2
    assert len(graph_layout.overlaps(xy, half + gap * 0.99)[0]) == 0
    box = np.prod((xy + half).max(axis=0) - (xy - half).min(axis=0))
    assert (4 * half.prod(axis=1)).sum() / box > 0.08, "the drawing is mostly empty"


def test_linked_pictures_stand_nearer_than_others():
    found = nx.random_partition_graph([25] * 4, 0.3, 0.005, seed=3)
    nx.set_edge_attributes(found, 0.5, "similarity")
    xy, _ = drawn(found, seed=0)
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    linked = np.mean([apart[a, b] for a, b in found.edges])
    assert linked < 0.5 * apart.mean()


def test_images_without_links_stand_at_the_rim():
    found = nx.relabel_nodes(nx.random_regular_graph(4, 60, seed=2), int)
    found.add_nodes_from(range(60, 72))
    nx.set_edge_attributes(found, 0.5, "similarity")
    xy, _ = drawn(found, seed=1)
    where = {node: xy[at] for at, node in enumerate(found)}
    linked = np.array([where[n] for n in range(60)])
    alone = np.array([where[n] for n in range(60, 72)])
    low, high = linked.min(axis=0), linked.max(axis=0)
    middle, reach = (low + high) / 2, (high - low) / 2
    assert (np.abs((alone - middle) / reach).max(axis=1) > 0.7).all()
