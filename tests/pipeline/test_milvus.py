"""What is Milvus's own: the server that does not answer, what is taken up again, filters as it writes them.

That it finds what every engine must find is tested with the others, in test_index_contract.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pipeline import columns
from pipeline import index as indexes
from pipeline.errors import IndexUnreachableError, SettingsError
from pipeline.index import Filter
from pipeline.index.milvus import collection
from pipeline.index.milvus import engine as milvus
from pipeline.library import Library, notes
from pipeline.progress import Silent
from pipeline.search import Query, Searcher
from pipeline.status import status
from tests.conftest import synthetic_library

pytestmark = pytest.mark.slow

DIMS = {"color": 12, "sift": 20}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def library(tmp_path):
    yield synthetic_library(tmp_path, 120, DIMS)
    for uri in list(collection._clients):
        collection.close(uri)


def matches(library: Library, image: int) -> list[int]:
    return [match.id for match in Searcher(library).search(Query.around(image, top_k=8)).matches]


def test_a_library_chooses_milvus_and_goes_back_with_the_same_matches(library: Library):
    indexes.build(library)
    own = matches(library, 5)
    index, done = indexes.build(library, options={"engine": "milvus"})
    assert (index.engine, done, len(index)) == ("milvus", "built", 120)
    assert indexes.build(library)[1] == "current"  # and stays there
    assert matches(library, 5) == own
    told = status(library)["index"]
    assert (told["engine"], told["stale"]) == ("milvus", False) and "collection likeness_" in told["where"]
    library.mark(7, "missing")
    assert status(library)["index"]["stale"]
    assert indexes.build(library)[1] == "extended" and 7 not in indexes.load(library).ids()
    assert indexes.build(library, options={"engine": "faiss"})[0].engine == "faiss"
    with pytest.raises(SettingsError, match="hnsw and flat"):
        indexes.build(library, options={"engine": "milvus", "type": "ivfpq"})
    assert indexes.load(library).engine == "faiss"  # what could not be made is not chosen


def test_where_it_does_not_answer_the_librarys_own_index_does(library: Library, caplog):
    with pytest.raises(IndexUnreachableError, match="does not answer"):
        indexes.build(library, options={"engine": "milvus", "uri": NOWHERE})
    indexes.build(library)
    own = matches(library, 5)
    indexes.build(library, options={"engine": "milvus"})
    uri = indexes.load(library).collection.uri
    collection.close(uri)
    held = subprocess.Popen(
        [sys.executable, "-c", f"from pymilvus import MilvusClient; c = MilvusClient({uri!r}); print('open', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert held.stdout.readline() == "open\n"
    assert matches(library, 5) == own and "another process has it open" in caplog.text
    held.communicate("\n", timeout=30)
    assert indexes.load(library).engine == "milvus"


def test_a_stopped_backfill_goes_on_where_it_was(library: Library, monkeypatch):
    monkeypatch.setattr(milvus, "_BATCH", 10)
    monkeypatch.setattr(milvus, "_SAVED_EVERY", 10)

    class Stop(Exception):
        pass

    class Stopping(Silent):
        done = 0

        def advance(self, count=1):
            self.done += count
            if self.done >= 50:
                raise Stop

    library.choose("index", {"engine": "milvus"})
    with pytest.raises(Stop):
        indexes.build(library, options={"engine": "milvus"}, progress=Stopping())

    class Counting(Silent):
        total = 0

        def start(self, stage, total):
            self.total = total

    counting = Counting()
    index, done = indexes.build(library, progress=counting)
    assert done == "extended" and counting.total <= 80 and len(index) == index.collection.count() == 120
    index.collection.drop()  # the server has lost it: taken up anew
    assert indexes.build(library)[1] == "built" and indexes.load(library).collection.count() == 120


def test_filters_are_part_of_the_search_while_what_they_ask_is_known(library: Library, monkeypatch):
    monkeypatch.setattr(milvus, "FEW", 0)
    with library.db.atomic():
        library.db.execute("UPDATE images SET mtime = 1e9 + 1e7 * id")  # from the year 2001 on
    notes.tag(library, range(1, 61), "a \"quoted\" name")
    index, _ = indexes.build(library, options={"engine": "milvus"})
    tagged = Filter(columns.parse("tag=a \"quoted\" name"))
    query = {name: index.vectors(np.array([3]), name)[0] for name in DIMS}

    def found(filter: Filter) -> set[int]:
        return set(index.search(query, {"color": 1, "sift": 1}, 120, filter).ids.tolist())

    assert index._written(tagged)[0] == 'array_contains_any(tag, ["a \\"quoted\\" name"])'
    assert found(tagged) == set(range(1, 61))
    dated = Filter(columns.parse("date=2010..2020;label=folder1,folder2"))
    assert "date >= 1262304000.0 and date <= " in index._written(dated)[0]
    dates = {row.id: 1e9 + 1e7 * row.id for row in library.images()}
    expected = {i for i in dates if 1_262_304_000 <= dates[i] < 1_609_459_200 and i % 7 in (1, 2)}
    assert found(dated) == expected and len(expected) > 5
    assert index._written(Filter(columns.parse("file~r1/"))) == ("", None)
    notes.tag(library, [100], "a \"quoted\" name")  # the collection was not told
    assert index._written(tagged) == ("", None) and found(tagged) == {*range(1, 61), 100}
    assert indexes.build(library)[1] == "extended"
    index = indexes.load(library)
    assert index._written(tagged)[0] and found(tagged) == {*range(1, 61), 100}
    assert found(Filter(columns.parse("label=folder1"), exclude=(1, 6, 11))) & {1, 6, 11} == set()
