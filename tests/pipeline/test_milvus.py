"""What is Milvus's own: the server that does not answer, what is taken up again, filters as it writes them.

That it finds what every engine must find is tested with the others, in test_index_contract.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import columns
from pipeline import index as indexes
from pipeline.cli import main
from pipeline.errors import IndexUnreachableError, SettingsError
from pipeline.index import Filter
from pipeline.index.milvus import collection, shared
from pipeline.index.milvus import engine as milvus
from pipeline.library import Library, notes
from pipeline.library.backup import backup, restore
from pipeline.progress import Silent
from pipeline.search import Query, Searcher, loaded
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


def test_what_nothing_names_any_more_leaves_the_own_file(library: Library, tmp_path):
    backup(library, tmp_path / "one.backup")
    before = indexes.build(library, options={"engine": "milvus"})[0].collection.name
    library.close()
    restore(tmp_path / "one.backup", library.data, force=True)
    restored = Library(library.data)
    index, _ = indexes.build(restored, options={"engine": "milvus"})
    there = collection.client(index.collection.uri).list_collections()
    assert there == [index.collection.name] != [before] and matches(restored, 5)
    assert before not in {path.name for path in Path(index.collection.uri).rglob("*")}  # nor does it take place
    restored.close()


def test_where_it_does_not_answer_the_librarys_own_index_does(library: Library, caplog, monkeypatch):
    monkeypatch.setattr(shared, "_OPENING", 0.0)
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
    assert matches(library, 5) == own and "another program has it open" in caplog.text
    held.communicate("\n", timeout=30)
    assert indexes.load(library).engine == "milvus"


@contextmanager
def process(script: str, *given: object):
    """Another process at a script, as far as its first line; it goes on when its input ends."""
    words = [sys.executable, "-c", script, *map(str, given)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        started.said = started.stdout.readline().strip()
        try:
            yield started
        finally:
            started.kill()


SEARCHING = """
import sys
from pipeline.library import Library
from pipeline.search import Query, Searcher
searcher = Searcher(Library(sys.argv[1]))
def matches():
    return [match.id for match in searcher.search(Query.around(5, top_k=8)).matches]
print(matches(), searcher.index().engine, flush=True)
for _ in sys.stdin:
    print(matches(), searcher.index().engine, flush=True)
"""


def test_a_file_of_lite_is_searched_and_changed_beside_the_process_that_has_it(library: Library, monkeypatch):
    """As beside a dashboard: a search, and the run that its page starts."""
    monkeypatch.setattr(milvus, "FEW", 0)
    index, _ = indexes.build(library, options={"engine": "milvus"})
    own, uri = matches(library, 5), index.collection.uri
    collection.close(uri)
    with process(SEARCHING, library.data) as other:
        assert other.said == f"{own} milvus"
        assert matches(library, 5) == own and collection._borrowed[uri].process.split()[0] == str(other.pid)
        library.mark(own[0], "missing")
        assert indexes.build(library)[1] == "extended"
        assert indexes.load(library).collection.count() == 119
        other.stdin.write("again\n")
        other.stdin.flush()
        now = matches(library, 5)
        assert other.stdout.readline().strip() == f"{now} milvus" and own[0] not in now
        searcher = Searcher(library)
        assert [match.id for match in searcher.search(Query.around(5, top_k=8)).matches] == now
        other.kill()
        other.wait()
        assert [match.id for match in searcher.search(Query.around(5, top_k=8)).matches] == now
        assert uri not in collection._borrowed and searcher.index().engine == "milvus", "it is this process's now"


SERVING = """
import sys
from milvus_lite.adapter.grpc.server import start_server_in_thread
kept = start_server_in_thread(data_dir=sys.argv[1], host="127.0.0.1", port=int(sys.argv[2]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_server_that_goes_in_the_middle_and_comes_back(library: Library, tmp_path, monkeypatch):
    monkeypatch.setattr(milvus, "FEW", 0)
    monkeypatch.setattr(collection, "_SEARCH", 1.0)
    monkeypatch.setattr(collection, "_SECONDS", 4.0)
    monkeypatch.setattr(loaded, "_AGAIN", 0.0)
    monkeypatch.setattr(loaded, "_REFUSED", 0.0)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    uri, there = f"http://127.0.0.1:{port}", Path(tmp_path / "server.db")
    searcher = Searcher(library)

    def found() -> list[int]:
        return [match.id for match in searcher.search(Query.around(5, top_k=8)).matches]

    with process(SERVING, there, port):
        indexes.build(library, options={"engine": "milvus", "uri": uri})
        own = found()
        assert searcher.index().engine == "milvus"
    with pytest.raises(IndexUnreachableError, match="python -m pipeline index --engine faiss"):
        found()
    indexes.build(library, options={"engine": "faiss"})
    library.choose("index", {"engine": "milvus", "uri": uri})
    assert searcher.index().engine == "faiss", "the library's own answers meanwhile"
    with process(SERVING, there, port):
        while searcher.index().engine != "milvus":  # gRPC tries again after a second or more
            for thread in threading.enumerate():
                if thread.name == "index":
                    thread.join()
        assert found() == own
    assert found() == own and searcher.index().engine == "faiss", "nobody was told to try again"


def test_where_it_is_is_kept_whole_and_without_a_password(library: Library, tmp_path, monkeypatch):
    for uri, said in (
        ("http://root:Milvus@host:19530", "LIKENESS_MILVUS_TOKEN"), ("elsewhere", "ends in .db"), ("ftp://host", "http://HOST"),
    ):
        with pytest.raises(SettingsError, match=said):
            indexes.build(library, options={"engine": "milvus", "uri": uri})
    assert (library.choice("index") or {}).get("uri") is None
    monkeypatch.chdir(tmp_path)
    index, _ = indexes.build(library, options={"engine": "milvus", "uri": "mine.db"})
    assert index.collection.uri == str(tmp_path / "mine.db")
    monkeypatch.chdir("/")
    assert indexes.build(library, options={"uri": str(tmp_path / "mine.db")})[1] == "current"


def test_a_damaged_file_is_told_with_the_way_out_and_made_anew(library: Library):
    index, _ = indexes.build(library, options={"engine": "milvus"})
    collection.close(index.collection.uri)
    for manifest in Path(index.collection.uri).rglob("manifest.json*"):
        manifest.write_text("nonsense")
    with pytest.raises(IndexUnreachableError, match="manifest.*python -m pipeline doctor --repair"):
        indexes.build(library)
    assert "manifest" in indexes.damage(library) and "another program" not in indexes.damage(library)
    indexes.rebuild(library)
    assert indexes.load(library).collection.count() == 120 and indexes.damage(library) == ""


def test_what_milvus_holds_is_not_called_an_exact_scan(library: Library):
    said = CliRunner().invoke(main, ["index", "--engine", "milvus", "--data", str(library.data)]).stdout
    assert "hnsw by Milvus" in said and "exact scan" not in said


def test_an_own_file_goes_where_its_library_goes(tmp_path):
    library = synthetic_library(tmp_path / "here", 60, DIMS)
    collection.close(indexes.build(library, options={"engine": "milvus"})[0].collection.uri)
    library.close()
    os.rename(library.data, tmp_path / "there")
    moved = Library(tmp_path / "there")
    index = indexes.load(moved)
    assert len(index) == index.collection.count() == 60 and not library.data.exists()
    assert status(moved)["index"]["where"].startswith(str(tmp_path / "there"))
    collection.close(index.collection.uri)


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
