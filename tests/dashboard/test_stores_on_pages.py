"""Pictures of a store on pages: fetched by id through the reader that extraction has, and reached only where one may."""

from __future__ import annotations

import io
import zipfile

import fsspec
import numpy as np
import pytest
from flask import Flask
from PIL import Image

from dashboard.jobs import Jobs
from dashboard.reads import Reads
from dashboard.routes import exports
from dashboard.routes import images as image_routes
from pipeline.errors import LibraryError, SettingsError
from pipeline.extraction.scan import scan
from pipeline.library import Library


def encoded(kind: str, orientation: int = 1) -> bytes:
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:, :45] = (200, 30, 30)
    file, picture = io.BytesIO(), Image.fromarray(pixels)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(file, kind, exif=exif)
    return file.getvalue()


FILES = {
    "a.jpg": encoded("JPEG"), "b.tif": encoded("TIFF"), "turned.webp": encoded("WEBP", 6),
    "c.jpg": b"no picture at all", "deep/e.png": encoded("PNG"),
}  # fmt: skip


@pytest.fixture
def library(tmp_path):
    store = fsspec.filesystem("memory")
    store.store.clear()
    for name, data in FILES.items():
        store.pipe_file(f"/shelf/{name}", data)
    made = Library(tmp_path / "data", create=True)
    scan(made, "memory://shelf")
    yield made
    store.store.clear()


def ids_of(library: Library) -> dict[str, int]:
    return {row.path: row.id for row in library.images()}


def test_originals_come_out_of_the_store(library):
    server, ids = Flask(__name__), ids_of(library)
    image_routes.register(server, library)
    client = server.test_client()
    answer = client.get(f"/image/{ids['a.jpg']}")
    assert answer.data == FILES["a.jpg"] and answer.mimetype == "image/jpeg"
    part = client.get(f"/image/{ids['a.jpg']}", headers={"If-None-Match": answer.headers["ETag"]})
    assert part.status_code == 304
    for name, size in (("b.tif", (90, 60)), ("turned.webp", (60, 90))):  # what a browser does not show as it is meant
        answer = client.get(f"/image/{ids[name]}")
        assert answer.mimetype == "image/jpeg" and Image.open(io.BytesIO(answer.data)).size == size
    assert client.get(f"/image/{ids['c.jpg']}").status_code == 404
    fsspec.filesystem("memory").rm_file("/shelf/a.jpg")
    assert client.get(f"/image/{ids['a.jpg']}").status_code == 404


def test_a_zip_has_what_the_store_has_and_says_what_it_has_not(library):
    server, ids = Flask(__name__), ids_of(library)
    exports.register(server, Reads(library))
    fsspec.filesystem("memory").rm_file("/shelf/b.tif")
    answer = server.test_client().post("/export/zip", data={"ids": ",".join(map(str, ids.values()))})
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found["a.jpg"] == FILES["a.jpg"] and found["deep/e.png"] == FILES["deep/e.png"]
    assert "b.tif" not in found and b"b.tif" in found[exports.MISSING]


def test_runs_reach_an_address_where_nothing_is_named_or_it_is_in_the_library(library, tmp_path):
    open_, named = Jobs(library), Jobs(library, [tmp_path])
    assert open_.checked(" s3://any/place/ ") == "s3://any/place"
    assert named.checked("memory://shelf/deep") == "memory://shelf/deep"
    for address in ("s3://any/place", "memory://shelf2", "memory://", "http://127.0.0.1:8050/x"):
        with pytest.raises((SettingsError, LibraryError)):
            named.checked(address)
    with pytest.raises(SettingsError, match="may not reach"):
        named.checked("file:///etc")
    with pytest.raises(LibraryError, match="Passwords and keys"):
        open_.checked("sftp://me:secret@host/photos")
