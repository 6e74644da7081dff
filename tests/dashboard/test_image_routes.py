"""Pictures over HTTP: whole, cached, by id only."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from PIL import Image

from dashboard.app import create_app
from dashboard.routes import exports
from dashboard.routes import images as image_routes
from pipeline.extraction.scan import scan
from pipeline.library import Library


def client_of(library: Library):
    server = Flask(__name__)
    image_routes.register(server, library)
    return server.test_client()


@pytest.fixture
def scanned(tmp_path) -> Library:
    """A JPEG, a 16-bit TIFF and a broken file; no thumbnails yet."""
    folder = tmp_path / "folder"
    folder.mkdir()
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:, :45] = (200, 30, 30)
    Image.fromarray(pixels).save(folder / "a.jpg")
    Image.fromarray(np.full((50, 70), 40_000, np.uint16)).save(folder / "b.tif")
    (folder / "c.jpg").write_bytes(b"no picture at all")
    library = Library(tmp_path / "data", create=True)
    scan(library, folder)
    return library


def id_of(library: Library, name: str) -> int:
    return next(library.db.query("SELECT id FROM images WHERE path = ?", [name]))["id"]


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_name_that_no_line_of_http_could_hold_is_no_reason_not_to_be_shown(tmp_path):
    (tmp_path / "folder").mkdir()
    Image.new("RGB", (60, 60)).save(tmp_path / "folder" / "two\nlines\r.png")
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "folder")
    for client, address in ((client_of(library), "/image/1"), (create_app(library).server.test_client(), "/api/images/1/original")):
        answer = client.get(address)
        assert answer.status_code == 200 and "two_lines_" in answer.headers["Content-Disposition"], address


def test_a_thumbnail_is_what_the_library_holds_and_is_cached_by_its_content(made_library):
    library = Library(made_library)
    client = client_of(library)
    answer = client.get("/thumb/1")
    assert answer.data == library.thumbnail(1) and answer.mimetype == "image/jpeg"
    again = client.get("/thumb/1", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_an_image_is_sent_as_it_lies_on_disk_where_a_browser_can_show_it(scanned):
    row = scanned.image(id_of(scanned, "a.jpg"))
    answer = client_of(scanned).get(f"/image/{row.id}")
    assert answer.data == row.file.read_bytes() and answer.mimetype == "image/jpeg"


def test_parts_of_an_original_are_sent_where_they_are_asked_for(scanned):
    row = scanned.image(id_of(scanned, "a.jpg"))
    whole, client = row.file.read_bytes(), client_of(scanned)
    answer = client.get(f"/image/{row.id}", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206 and answer.data == whole[10:20]
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    assert client.get(f"/image/{row.id}", headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    tag = answer.headers["ETag"]
    assert client.get(f"/image/{row.id}", headers={"If-None-Match": tag}).status_code == 304
    row.file.write_bytes(whole + b"more")
    assert client.get(f"/image/{row.id}", headers={"If-None-Match": tag}).data == whole + b"more"


@pytest.mark.parametrize("year", [300_000_000_000, 1 << 60, -(1 << 60)])
def test_a_file_of_an_impossible_year_is_sent(tmp_path, year):
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else tmp_path))
    try:
        Image.fromarray(np.zeros((6, 9, 3), np.uint8)).save(folder / "a.jpg")
        os.utime(folder / "a.jpg", (0, year))  # where the file system takes it
        library = Library(tmp_path / "data", create=True)
        scan(library, folder)
        answer = client_of(library).get("/image/1")
        assert answer.status_code == 200 and answer.data == (folder / "a.jpg").read_bytes()
        with open(folder / "a.jpg", "rb") as file:
            assert 1980 <= exports._entry("a.jpg", file, library.image(1).mtime).date_time[0] <= 2107
    finally:
        shutil.rmtree(folder)


def test_a_pipe_in_the_place_of_a_picture_is_not_waited_for(scanned):
    row = scanned.image(id_of(scanned, "a.jpg"))
    row.file.unlink()
    os.mkfifo(row.file)
    assert client_of(scanned).get(f"/image/{row.id}").status_code == 404


def test_what_a_browser_cannot_show_is_converted(scanned):
    answer = client_of(scanned).get(f"/image/{id_of(scanned, 'b.tif')}")
    assert answer.mimetype == "image/jpeg"
    picture = np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGB"))
    assert picture.shape == (50, 70, 3) and abs(int(picture.mean()) - 40_000 // 256) <= 2


def test_a_missing_thumbnail_is_a_neutral_drawing(scanned):
    answer = client_of(scanned).get(f"/thumb/{id_of(scanned, 'a.jpg')}")
    assert answer.status_code == 200 and answer.mimetype == "image/svg+xml"


def test_broken_vanished_and_unknown_images_are_not_found(scanned):
    client = client_of(scanned)
    gone = scanned.image(id_of(scanned, "a.jpg"))
    gone.file.unlink()
    for address in (f"/image/{id_of(scanned, 'c.jpg')}", f"/image/{gone.id}", "/image/999", "/thumb/999",
                    f"/thumb/{10**30}"):
        assert client.get(address).status_code == 404, address


@pytest.mark.parametrize(
    "address", ["/image/a.jpg", "/image/../images.db", "/thumb/%2e%2e%2fimages.db", "/image/-1"]
)
def test_nothing_but_an_id_names_an_image(scanned, address):
    assert client_of(scanned).get(address).status_code == 404
