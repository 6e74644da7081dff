"""Folders in stores: listed without being fetched, read once, and known again wherever they go."""

from __future__ import annotations

import io
import threading
from functools import partial
from hashlib import blake2b
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from pipeline import stores
from pipeline.errors import LibraryError
from pipeline.extraction.embed import embed
from pipeline.extraction.folders import forget, relocate
from pipeline.extraction.scan import exclude, scan
from pipeline.extraction.worker import Worker
from pipeline.library import Library
from pipeline.processes import Limits
from pipeline.settings import EmbedOptions

ROOT = "memory://album"


@pytest.fixture
def store():
    """A store in this process's memory; every test finds it empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


def jpeg(number: int, side: int = 40) -> bytes:
    """A picture unlike those of other numbers."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side + number % 7, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def put(store, names: list[str], first: int = 1) -> None:
    for number, name in enumerate(names, first):
        store.pipe_file(f"/album/{name}", jpeg(number))


def library_of(tmp_path: Path) -> Library:
    return Library(tmp_path / "data", create=True)


def paths(library: Library) -> dict[str, int]:
    return {row.path: row.id for row in library.images()}


class Here:
    """The pool's contract in this process, in which the store's memory is: a real worker, no processes."""

    count = 1

    def __init__(self, extractors, _count):
        self._worker = Worker(extractors, Limits(0, 0), [0, 0])
        self._answers, self._fits = [], {}

    def look(self, tasks):
        self._answers.append(self._worker.answer("look", {}, list(tasks)))

    def describe(self, tasks):
        self._answers.append(self._worker.answer("describe", {}, list(tasks)))

    def publish(self, extractor):
        raise AssertionError("no codebook is asked for here")

    def receive(self):
        return self._answers.pop(0)

    def __len__(self):
        return len(self._answers)

    def close(self):
        pass


def described(library: Library) -> None:
    embed(library, ["color"], make_pool=Here)


def test_a_scan_lists_and_fetches_nothing(store, tmp_path, monkeypatch):
    put(store, ["b.jpg", "a/one.jpg", "a/deep/two.png", ".hidden/x.jpg", "@eaDir/t.jpg", "a/notes.txt", "raw/x.psd"])
    monkeypatch.setattr(type(store), "cat_file", lambda *_, **__: pytest.fail("something was fetched"))
    monkeypatch.setattr(type(store), "_open", lambda *_, **__: pytest.fail("something was opened"))
    asked = []
    plain = type(store).ls
    monkeypatch.setattr(type(store), "ls", lambda self, path, *rest, **how: asked.append(path) or plain(self, path, *rest, **how))
    library = library_of(tmp_path)
    report = scan(library, ROOT)
    assert sorted(asked) == ["/album", "/album/a", "/album/a/deep", "/album/raw"]
    assert report.new == 3 and sorted(paths(library)) == ["a/deep/two.png", "a/one.jpg", "b.jpg"]
    row = library.image(paths(library)["a/deep/two.png"])
    assert row.place == f"{ROOT}/a/deep/two.png" and row.label == "deep" and row.state == "ok"
    assert row.content_hash is None and row.width is None and row.size == len(store.store["/album/a/deep/two.png"].getvalue())
    again = scan(library, f"{ROOT}")
    assert (again.unchanged, again.touched) == (3, 0)


def test_what_is_read_is_told_and_is_read_once(store, tmp_path, monkeypatch):
    put(store, ["b.jpg", "a/one.jpg", "a/bad.jpg"])
    store.pipe_file("/album/a/bad.jpg", b"no picture at all")
    library = library_of(tmp_path)
    scan(library, ROOT)
    fetched = []
    plain = type(store).cat_file
    monkeypatch.setattr(type(store), "cat_file", lambda self, path, *rest, **how: fetched.append(path) or plain(self, path, *rest, **how))
    described(library)
    assert sorted(fetched) == ["/album/a/bad.jpg", "/album/a/one.jpg", "/album/b.jpg"]
    row = library.image(paths(library)["b.jpg"])
    assert row.content_hash == blake2b(jpeg(1), digest_size=16).hexdigest() and (row.width, row.height) == (41, 40)
    (bad,) = library.images("unreadable")
    assert bad.path == "a/bad.jpg" and not bad.retry
    assert library.thumbnail(row.id) and library.coverage("color")["current"] == 2 and not library.facts.pending()
    scan(library, ROOT)
    described(library)
    assert len(fetched) == 3


def test_a_store_that_is_gone_in_the_middle_ends_the_run_and_blames_no_picture(store, tmp_path, monkeypatch):
    put(store, [f"{number}.jpg" for number in range(20)])
    library = library_of(tmp_path)
    scan(library, ROOT)

    def out(*_, **__):
        raise ConnectionError("no route to host")

    with monkeypatch.context() as during:
        during.setattr(type(store), "cat_file", out)
        with pytest.raises(LibraryError, match="no route to host.*19 more.*next run"):
            described(library)
    assert library.counts() == {"ok": 20, "unreadable": 0, "missing": 0}
    described(library)
    assert library.coverage("color")["current"] == 20


def test_what_changes_is_looked_at_again_and_what_is_gone_is_missing(store, tmp_path):
    put(store, ["a.jpg", "b.jpg", "c.jpg"])
    library = library_of(tmp_path)
    scan(library, ROOT)
    described(library)
    before = paths(library)
    store.pipe_file("/album/a.jpg", jpeg(9, 56))
    store.rm_file("/album/b.jpg")
    report = scan(library, ROOT)
    assert (report.changed, report.missing, report.unchanged) == (1, 1, 1)
    assert library.coverage("color")["missing"] == 1 and before["a.jpg"] in library.without_thumbnail()
    described(library)
    row = library.image(before["a.jpg"])
    assert row.content_hash == blake2b(jpeg(9, 56), digest_size=16).hexdigest() and row.height == 56
    store.rm("/album", recursive=True)
    with pytest.raises(LibraryError, match="Nothing is left"):
        scan(library, ROOT)
    assert library.counts()["ok"] == 2


def test_a_folder_goes_to_a_store_and_back_without_being_computed_again(store, tmp_path):
    folder = tmp_path / "photos"
    for number, name in enumerate(["one.jpg", "a/two.jpg"], 1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg(number))
    put(store, ["one.jpg", "a/two.jpg"])
    library = library_of(tmp_path)
    scan(library, folder)
    described(library)
    before = {row.path: (row.id, row.content_hash) for row in library.images()}
    for place in (ROOT, folder):
        assert relocate(library, list(library.roots())[0], place) == 2
        report = scan(library, place)
        assert (report.unchanged, report.touched) == (2, 0), str(report)
        assert {row.path: (row.id, row.content_hash) for row in library.images()} == before
        assert library.coverage("color")["current"] == 2 and not library.without_thumbnail()
    with pytest.raises(LibraryError, match="Nothing of what is known"):
        relocate(library, folder, "memory://elsewhere")


def test_a_folder_around_takes_one_over_and_exclusions_stay(store, tmp_path):
    put(store, ["in/a.jpg", "in/b.jpg", "out/c.jpg", "out/tmp/d.jpg"])
    library = library_of(tmp_path)
    scan(library, f"{ROOT}/in")
    first = library.images()[0].id
    exclude(library, ROOT, ["tmp"])
    scan(library, ROOT)
    assert library.roots() == {ROOT: 3} and library.image(first).path == "in/a.jpg"
    report = scan(library, f"{ROOT}/in")  # a part of it
    assert report.unchanged == 2 and library.counts()["ok"] == 3
    assert forget(library, ROOT) == 3 and len(store.store) == 4


def test_what_cannot_be_reached_is_one_sentence(tmp_path):
    library = library_of(tmp_path)
    for address, said in (("nosuch://x/y", "nosuch"), ("memory://empty", "No images in")):
        with pytest.raises(LibraryError, match=said):
            scan(library, address)
    for text in ("sftp://me:secret@host/photos", "https://host/photos?token=1", "s3://"):
        with pytest.raises(LibraryError):
            stores.typed(text)
    assert stores.typed("S3://bucket/photos/") == "s3://bucket/photos" and stores.typed("file:///a%20b") == Path("/a b")


@pytest.fixture(scope="module")
def bucket():
    """A server that speaks S3, and the options by which its clients find it; nothing leaves the machine."""
    moto = pytest.importorskip("moto.server", reason="moto is a package of the tests")
    pytest.importorskip("s3fs", reason="s3fs is an optional package")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    given = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as environment:
        for name, value in given.items():
            environment.setenv(name, value)
        system = fsspec.filesystem("s3")
        system.mkdir("album")
        yield system
    server.stop()


@pytest.mark.network
def test_pictures_of_a_bucket_have_the_vectors_of_a_folder(bucket, pictures, tmp_path):
    """Real processes read from a server; the vectors are those of the same files on disk; what moves in the
    bucket keeps id and vectors, and is not fetched again."""
    files = sorted(file for file in pictures.rglob("*.jpg"))[:24]
    for file in files:
        bucket.pipe_file(f"album/shelf/{file.relative_to(pictures).as_posix()}", file.read_bytes())
    found = {}
    for name, place in (("here", pictures), ("there", "s3://album/shelf")):
        library = Library(tmp_path / name, create=True)
        scan(library, place)
        embed(library, ["color"], options=EmbedOptions(batch_size=8, workers=2))
        rows = {row.path: row for row in library.images()}
        ids, vectors = library.vectors("color")
        at = {int(number): vector for number, vector in zip(ids, vectors)}
        found[name] = {path: (row.content_hash, row.width, row.height, at[row.id]) for path, row in rows.items()}
    assert len(found["there"]) == len(files)
    for path, (*told, vector) in found["there"].items():
        *expected, other = found["here"][path]
        assert told == expected and np.array_equal(vector, other), path

    before = {row.path: row.id for row in library.images()}
    moved = files[0].relative_to(pictures).as_posix()
    bucket.mv(f"album/shelf/{moved}", "album/shelf/elsewhere/of another name.jpg")
    report = scan(library, "s3://album/shelf")
    assert (report.renamed, report.new, report.missing) == (1, 0, 0), str(report)
    assert paths(library)["elsewhere/of another name.jpg"] == before[moved]
    assert library.coverage("color")["current"] == len(files) and not library.without_thumbnail()


@pytest.mark.network
def test_a_web_server_is_asked_for_lists_and_heads_until_pictures_are_described(tmp_path):
    pytest.importorskip("aiohttp", reason="aiohttp is an optional package")
    for number, name in enumerate(["a.jpg", "in a folder/b c.jpg"], 1):
        (tmp_path / "www" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "www" / name).write_bytes(jpeg(number))
    asked = []

    class Server(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append((self.command, self.path))

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=tmp_path / "www"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        library, address = library_of(tmp_path), f"http://127.0.0.1:{server.server_address[1]}/"
        scan(library, address + "in%20a%20folder")
        (row,) = library.images()
        assert row.path == "b%20c.jpg" and row.size == len(jpeg(2)) and row.mtime > 1e9
        assert not [path for command, path in asked if command == "GET" and path.endswith(".jpg")]
        described(library)
        assert library.image(row.id).content_hash == blake2b(jpeg(2), digest_size=16).hexdigest()
        assert [path for command, path in asked if command == "GET" and path.endswith(".jpg")] == ["/in%20a%20folder/b%20c.jpg"]
        assert scan(library, address + "in%20a%20folder").unchanged == 1
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.network
@pytest.mark.slow
def test_actors_of_ray_fetch_from_a_bucket(bucket, pictures, tmp_path):
    pytest.importorskip("ray", reason="ray is an optional package")
    files = sorted(pictures.rglob("*.jpg"))[:20]
    for number, file in enumerate(files):
        bucket.pipe_file(f"album/rays/{number}.jpg", file.read_bytes())
    library = library_of(tmp_path)
    scan(library, "s3://album/rays")
    report = embed(library, ["color"], options=EmbedOptions(on="ray", workers=1))
    assert report.vectors == {"color": 20} and report.failed == 0
    assert {row.content_hash for row in library.images()} == {blake2b(file.read_bytes(), digest_size=16).hexdigest() for file in files}
