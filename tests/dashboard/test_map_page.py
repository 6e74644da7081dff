"""A map as one file: opened from disk in a browser, and as large as it may be."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.map_page import sheets, write
from pipeline import maps
from pipeline.errors import LibraryError
from pipeline.export import Wanted
from pipeline.library import Library
from pipeline.maps import naming


@pytest.fixture(scope="module")
def shared(made_library) -> Library:
    return Library(made_library)


# What is drawn on the map, told by the pen itself.
_WATCHED = """window.drawn = { names: new Set(), pictures: 0 };
const pen = CanvasRenderingContext2D.prototype, { clearRect, fillText, drawImage } = pen;
pen.clearRect = function (...given) { if (this.canvas.id === 'map') { drawn.names.clear(); drawn.pictures = 0; } return clearRect.apply(this, given); };
pen.fillText = function (...given) { if (this.canvas.id === 'map') drawn.names.add(given[0]); return fillText.apply(this, given); };
pen.drawImage = function (...given) { if (this.canvas.id === 'map') drawn.pictures += 1; return drawImage.apply(this, given); };"""


def test_the_file_opens_from_disk_and_shows_names_pictures_and_what_is_looked_for(shared, browser, tmp_path):
    assert write(shared, "combined", tmp_path / "map.html") == 60
    made = maps.load(shared, "combined")
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    faults, asked = [], []
    page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(_WATCHED)
    page.goto((tmp_path / "map.html").as_uri())
    rows = page.locator("nav button")
    expect(rows.first).to_be_visible()
    told = [text for text in rows.locator("span").all_inner_texts() if text != "In no cluster"]
    assert told == naming.called(shared, made)
    page.wait_for_function("told => told.some(name => drawn.names.has(name))", arg=told)
    # Points, until pictures have room beside one another; then pictures, and names all the same.
    box, span = page.locator("#map").bounding_box(), np.ptp(made.xy, axis=0)
    scale = 0.92 * min(box["width"] / span[0], box["height"] / span[1])
    apart = np.linalg.norm(made.xy[:, None] - made.xy[None], axis=2) + np.where(np.eye(60), np.inf, 0)
    room = float(2 * np.sort(apart.min(axis=1))[30] * scale)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for wanted in (30, 22):  # px for each; they stand from 26 on
        page.mouse.wheel(0, -400 * np.log(wanted / room))
        room = wanted
        page.wait_for_function("stand => drawn.names.size > 0 && (drawn.pictures > 0) === stand", arg=wanted > 26)
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # all of it again
    label = shared.image(7).label
    page.locator("#find").fill(label)
    expect(page.locator("#told")).to_contain_text("of 60 pictures")
    found = int(page.locator("#told").inner_text().split()[0])
    assert found >= 10
    page.locator("#find").fill("")
    expect(page.locator("#told")).to_contain_text("60 pictures in")
    rows.first.click()
    expect(page.locator("#told")).to_contain_text(f"{int((made.cluster == 0).sum())} of 60")
    page.keyboard.press("Escape")
    expect(page.locator("#told")).to_contain_text("60 pictures in")
    # Where an image lies, its picture and its path come up.
    at = int(np.argmax(made.xy[:, 0]))
    x, y = (made.xy[at] - (made.xy.min(axis=0) + made.xy.max(axis=0)) / 2) * scale
    page.mouse.move(box["x"] + box["width"] / 2 + float(x), box["y"] + box["height"] / 2 - float(y))
    expect(page.locator("#tip p")).to_contain_text(shared.image(int(made.ids[at])).shown)
    shown = page.evaluate("""() => { const c = document.querySelector('#tip canvas');
        return [c.width, c.height, ...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data]; }""")
    row = shared.image(int(made.ids[at]))
    assert shown[0] / shown[1] == pytest.approx(row.width / row.height, rel=0.05) and shown[5] == 255
    # Another size of the window shows as much of the map, and its middle stays.
    for (width, height), at in (((700, 500), np.argmin(made.xy[:, 0])), ((1000, 900), np.argmax(made.xy[:, 1]))):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("""([wide, tall]) => { const c = document.getElementById('map');
            return innerWidth === wide && innerHeight === tall && c.width === c.clientWidth && c.height === c.clientHeight; }""",
            arg=[width, height])  # fmt: skip
        box = page.locator("#map").bounding_box()
        scale = 0.92 * min(box["width"] / span[0], box["height"] / span[1])
        x, y = (made.xy[at] - (made.xy.min(axis=0) + made.xy.max(axis=0)) / 2) * scale
        page.mouse.move(box["x"] + box["width"] / 2 + float(x), box["y"] + box["height"] / 2 - float(y))
        expect(page.locator("#tip p")).to_contain_text(shared.image(int(made.ids[at])).shown)
    assert not faults and all(url.startswith(("file:", "data:")) for url in asked)
    page.close()


def test_texts_cannot_leave_the_script_that_they_stand_in(library, tmp_path):
    library.db.execute("UPDATE images SET label = '</script><script>alert(1)</script>' WHERE id = 3")
    write(library, "color", tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text("utf-8")
    assert text.count("</script>") == 2 and "\\u003c/script>" in text and "connect-src" not in text


def test_pictures_are_as_large_as_the_size_lets_them_be(shared, monkeypatch):
    """A tenth of the pictures that a page has at most, in a tenth of the size."""
    assert sheets.BYTES < 15_000_000 * 3 / 4
    monkeypatch.setattr(sheets, "BYTES", sheets.BYTES // 10)
    few = sheets.packed(shared, np.arange(1, 61))
    many = sheets.packed(shared, np.tile(np.arange(1, 61), 17)[:1_000])
    assert 0.4 * sheets.BYTES < sum(map(len, many.files)) <= sheets.BYTES and many.side < few.side
    first = Image.open(io.BytesIO(few.files[0]))
    assert first.size[0] == few.columns * few.side and len(few.sizes) == 60 and few.sizes.min() > 0


def test_a_visitor_takes_files_along_without_being_told_where_they_lie(library):
    visitor = create_app(library, access=Access.listening_on("0.0.0.0", open_to_all=True)).server.test_client()
    root = next(iter(library.roots()))
    for path in ("library/csv", "library/npz", "library/parquet", "library/projector", "map/color.html"):
        answer = visitor.get(f"/export/{path}")
        assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"], path
        assert len(answer.data) > 5_000 and root.encode() not in answer.data
    for path in ("library/fiftyone", "library/x", "map/nothing.html"):
        assert visitor.get(f"/export/{path}").status_code == 404


def test_there_is_no_page_of_a_map_there_is_not(shared, tmp_path):
    with pytest.raises(LibraryError, match="There is no map"):
        write(shared, "nothing", tmp_path / "map.html")
    assert write(shared, "color", tmp_path / "map.html", Wanted(where=f"label={shared.image(7).label}")) == 10
