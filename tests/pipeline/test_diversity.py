"""Discovering and leaving out near-duplicates, on real pictures and on a large synthetic library."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import index
from pipeline.errors import QueryError
from pipeline.library import Library
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import hashes
from pipeline.search import Filter, ImageEntry, Query, Searcher
from pipeline.search.diversity import ALIKE, AMONG, CLOSEST, FURTHER, REACH, discover, distinct, farthest_first, representatives, varied
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Searcher:
    """6,000 images behind a graph; every fifth is a near-duplicate, by hash, of the one before."""
    library = synthetic_library(tmp_path_factory.mktemp("large"), 6_000, {"color": 16, "sift": 16})
    rows = np.random.default_rng(1).integers(0, 256, (6_000, hashes.BYTES), np.uint8)
    rows[4::5] = rows[3::5]
    rows[4::5, 0] ^= 0b1011
    stored_hashes.store(library, zip(range(1, 6_001), rows))
    index.build(library, options=IndexOptions(ef_search=16))
    return Searcher(library)


def bits(searcher: Searcher, one: int, other: int) -> int:
    rows = stored_hashes.read(searcher.library, [one, other])[1]
    return int(np.unpackbits(rows[0] ^ rows[1]).sum())


def test_discovering_takes_the_closest_and_draws_from_behind_them(large):
    plain = [m.id for m in large.search(Query.around(7, top_k=REACH)).matches]
    found = discover(large, Query.around(7), (), seed=3)
    ids = [match.id for match in found.result.matches]
    assert ids[:CLOSEST] == plain[:CLOSEST]
    assert len(ids) == CLOSEST + FURTHER and found.further == set(ids[CLOSEST:])
    assert found.further <= set(plain[CLOSEST:])
    scores = [match.score for match in found.result.matches]
    assert scores == sorted(scores, reverse=True)
    draws = {discover(large, Query.around(7), (), seed).further for seed in range(8)}
    assert len(draws) > 1
    assert discover(large, Query.around(7), (), 3).further == found.further


def test_discovering_shows_nothing_twice_until_everything_was_seen(made_library):
    searcher, seen = Searcher(Library(made_library)), []
    for seed in range(10):
        query = Query.around(1 + seed % 3)
        ids = [match.id for match in discover(searcher, query, seen, seed).result.matches]
        assert not set(ids) & set(seen) and len(ids) == len(set(ids))
        seen += ids
    assert len(seen) == 60
    assert discover(searcher, Query((ImageEntry(1),)), seen, 0).result.matches == []


def test_of_near_duplicates_only_the_closest_is_shown_on_any_page(large):
    shown: list[int] = []
    for _ in range(6):
        found = distinct(large, Query.around(3, top_k=20), shown)
        assert len(found.result.matches) == 20
        shown += [match.id for match in found.result.matches]
    assert len(shown) == len(set(shown)) == 120
    everything = set(shown)
    for image_id in shown:
        twin = image_id + 1 if image_id % 5 == 4 else image_id - 1 if image_id % 5 == 0 else None
        assert twin not in everything
    plain = large.search(Query.around(3, top_k=150)).matches
    order = {match.id: place for place, match in enumerate(plain)}
    twins = [i for i in shown if i % 5 in (4, 0) and i in order]
    for image_id in twins:
        twin = image_id + 1 if image_id % 5 == 4 else image_id - 1
        assert twin not in order or order[image_id] < order[twin]


def test_what_is_left_out_is_counted_within_the_filters(large):
    twin_of = {4: 5, 9: 10, 14: 15}
    wide = distinct(large, Query((ImageEntry(1),), top_k=6, filter=Filter(ids=(*twin_of, *twin_of.values()))), ())
    assert len(wide.result.matches) == 3 and set(wide.alike.values()) == {1}
    for kept in wide.alike:
        other = twin_of.get(kept) or {b: a for a, b in twin_of.items()}[kept]
        assert bits(large, kept, other) <= ALIKE
    assert distinct(large, Query((ImageEntry(1),), top_k=6, filter=Filter(ids=(4, 9, 14))), ()).alike == {}


def test_without_hashes_it_says_what_to_do(library):
    library.db.execute("DELETE FROM hashes")
    with pytest.raises(QueryError, match="update the library"):
        distinct(Searcher(library), Query((ImageEntry(1),)), ())


def test_the_most_varied_are_each_the_farthest_from_those_before():
    random = np.random.default_rng(3)
    middles = 10 * np.eye(6, 8)
    rows = (np.repeat(middles, 30, axis=0) + random.normal(0, 0.1, (180, 8))).astype(np.float32)
    taken = farthest_first(rows, 20)
    assert len(set(taken.tolist())) == 20
    assert len(set((taken[:6] // 30).tolist())) == 6  # one of each before a second of any
    for at in range(1, 20):
        apart = np.linalg.norm(rows[:, None] - rows[taken[:at]], axis=2).min(axis=1)
        assert apart[taken[at]] >= apart.max() - 1e-3
    assert sorted(farthest_first(rows[:4], 9).tolist()) == [0, 1, 2, 3] and not len(farthest_first(rows[:0], 3))


def test_a_varied_choice_has_the_most_typical_of_each_group_and_the_largest_first():
    random = np.random.default_rng(4)
    sizes = [60, 40, 30, 20, 10]
    group = np.repeat(np.arange(5), sizes)
    rows = (10 * np.eye(5, 9)[group] + random.normal(0, 0.5, (160, 9))).astype(np.float32)
    order = random.permutation(160)
    rows, group = rows[order], group[order]
    chosen = representatives(rows, 5)
    assert group[chosen].tolist() == [0, 1, 2, 3, 4]
    for one, at in enumerate(chosen.tolist()):
        members = np.flatnonzero(group == one)
        apart = np.linalg.norm(rows[members] - rows[members].mean(axis=0), axis=1)
        assert at == members[apart.argmin()]
    twins = np.repeat(rows[:3], 4, axis=0)  # fewer that differ than are asked for
    assert len(set(representatives(twins, 7).tolist())) == 7
    assert sorted(representatives(rows[:4], 9).tolist()) == [0, 1, 2, 3] and not len(representatives(rows[:0], 3))


def test_a_varied_choice_is_among_those_asked_for_and_known(large):
    opened = large.index()
    some = np.arange(10, 400)
    found = varied(opened, np.append(some, 10**6), 12, "color")
    assert len(set(found.tolist())) == 12 and set(found.tolist()) <= set(some.tolist())
    drawn = np.random.default_rng(0)
    rows = opened.vectors(some, "color")

    def far(ids) -> float:
        return float(np.linalg.norm(rows[:, None] - opened.vectors(ids, "color"), axis=2).min(axis=1).mean())

    assert far(found) < min(far(drawn.choice(some, 12, replace=False)) for _ in range(20))
    with pytest.raises(QueryError, match="not in the index"):
        varied(opened, some, 3, "taste")


def test_more_than_a_varied_choice_looks_at_is_refused_and_not_cut_short(large):
    ids = large.index().ids()
    with pytest.raises(QueryError, match="5,000 images at most"):
        varied(large.index(), ids, AMONG + 1)
    assert len(varied(large.index(), ids[:40], AMONG + 1)) == 40
