"""The Image page: facts, notes, surroundings, states; and its main path in a browser."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dashboard import facts as facts_shown
from dashboard.app import create_app
from dashboard.pages.image import page
from dashboard.pages.image import parts as parts_of
from dashboard.reads import Reads
from dashboard.reads.clusterings import Clusterings
from dashboard.routes import small_maps
from pipeline import columns
from pipeline.extraction.scan import scan
from pipeline.library import Library, notes
from pipeline.pictures.metadata import Metadata
from tests.dashboard.test_browser import asks, hold
from tests.dashboard.trees import of_class, parts, text_of


@pytest.fixture
def reads(library) -> Reads:
    return Reads(library)


def links(tree) -> list[str]:
    return [part.href for part in parts(tree) if getattr(part, "href", None)]


def test_previous_and_next_go_through_the_library_or_what_the_address_names(reads):
    notes.collect(reads.library, "best", [3, 9, 40])
    notes.tag(reads.library, [9, 50], "sharp")
    label = reads.image(25).label
    same = [row.id for row in reads.library.images() if row.label == label]
    assert (reads.around(1).previous, reads.around(1).next) == (None, 2)
    assert (reads.around(60).place, reads.around(60).count, reads.around(60).next) == (60, 60, None)
    around = reads.around(9, collection="best")
    assert (around.previous, around.next, around.place, around.count) == (3, 40, 2, 3)
    outside = reads.around(20, collection="best")  # not in it: its neighbors still lead there
    assert (outside.previous, outside.next, outside.place) == (9, 40, 0)
    assert reads.around(9, tag="SHARP").next == 50
    within = reads.around(25, label=label)
    at = same.index(25)
    assert (within.place, within.count) == (at + 1, len(same))
    assert within.previous == (same[at - 1] if at else None)
    shown = page.layout(reads, {"image": "9", "collection": "best"})
    assert "/detail?image=40&collection=best" in links(shown) and "2 of 3 in “best”" in text_of(shown)
    lost = page.layout(reads, {"image": "9", "collection": "gone"})
    assert "no collection “gone”" in text_of(lost) and "/detail?image=10" in links(lost)


def test_facts_are_those_of_the_file(reads):
    row = reads.image(5)
    told = text_of(page.layout(reads, {"image": "5"}))
    for text in (row.path, row.root, row.label, f"{row.width:,} × {row.height:,}"):
        assert text in told
    (copy,) = [part for part in parts(parts_of.facts(reads, row)) if getattr(part, "data-copy", None)]
    assert getattr(copy, "data-copy") == str(row.file)
    told = parts_of.file_part(reads, row)
    assert "JPEG" in text_of(told)
    shares = [bar.style["flexGrow"] for bar in of_class(told, "palette-bar")[0].children]
    assert 1 <= len(shares) <= 8 and abs(sum(map(float, shares)) - 1) < 0.01


def test_what_is_known_of_a_picture_is_text_and_leads_to_others(reads):
    facts = reads.library.facts
    long = "a red fox, " * 60 + "in snow"
    facts.store([(5, Metadata(
        taken="2024-05-01T12:30:00.25+02:00", camera="NIKON <b>D850</b>", exposure=1 / 250, aperture=2.8, iso=100.0,
        focal_length=50.0, latitude=48.2083333, longitude=-11.5, rating=-1, keywords=("fox", "a,b;c=d"),
        generator="ComfyUI", prompt=long, negative_prompt="blurry", seed="7", problem="XMP cannot be read (cut)"))])
    reads.library.db.execute("INSERT INTO own_columns VALUES (1, 'Price', 'number', 0), (2, 'Bought', 'date', 1)")
    reads.library.db.execute("INSERT INTO own_facts (column_id, image_id, value) VALUES (1, 5, 1234.5), (2, 5, '2024-01-02T00:00:00')")
    shown = page.layout(reads, {"image": "5"})
    told = " ".join(text_of(shown).split())
    for said in ("2024-05-01 12:30:00 +02:00", "NIKON <b>D850</b>", "1/250 s · f/2.8 · ISO 100 · 50 mm", "48.20833, -11.50000",
                 "rejected", "ComfyUI", "blurry", "Price 1,234.5", "Bought 2024-01-02", "XMP cannot be read (cut)"):
        assert said in told, said
    (copy, _) = [part for part in parts(shown) if "Copy: " in (getattr(part, "aria-label", None) or "")]
    assert getattr(copy, "data-copy") == long
    (folded,) = [part for part in parts(shown) if type(part).__name__ == "Details"]
    assert long in text_of(folded) and not getattr(folded, "open", False)
    wheres = [parse_qs(urlsplit(link).query)["where"][0] for link in links(shown) if "where=" in link]
    assert [columns.parse(where) for where in wheres] == [(columns.OneOf("keyword", (word,)),) for word in ("a,b;c=d", "fox")]
    line = facts_shown.short(facts.of(5))
    assert line.startswith("a red fox") and line.endswith("… · 2024-05-01 · NIKON <b>D850</b>") and len(line) < 200
    assert facts_shown.told(facts.of(6)) is None and facts_shown.short(facts.of(6)) is None


def test_neighbors_of_every_embedding_are_those_of_a_search(reads):
    rows = of_class(parts_of.neighbors_part(reads, reads.image(7)), "detail-row")
    assert [text_of(row).split()[0] for row in rows] == ["All", "Color", "Texture", "Meaning"]
    for row in rows:
        ids = [int(link.rsplit("=", 1)[1]) for link in links(row) if link.startswith("/detail")]
        assert len(ids) == parts_of.NEIGHBORS and 7 not in ids
    more = [link for link in links(rows[1]) if link.startswith("/search")]
    assert more == ["/search?image=7&color=1.0"]


def test_a_picture_saved_again_is_named_as_a_near_duplicate(made_library, pictures, tmp_path):
    from pipeline.run import run

    folder = tmp_path / "folder"
    folder.mkdir()
    files = sorted(pictures.rglob("*.jpg"))[::6][:8]
    for number, file in enumerate(files):
        (folder / f"{number}.jpg").write_bytes(file.read_bytes())
    Image.open(files[0]).save(folder / "again.jpg", quality=55)
    library = Library(tmp_path / "data", create=True)
    run(library, folder, embeddings="color")
    reads = Reads(library)
    row = next(row for row in library.images() if row.path == "0.jpg")
    told = parts_of.copies_part(reads, row)
    assert "again.jpg" in [link.title for link in parts(told) if getattr(link, "title", None)]
    again = next(row for row in library.images() if row.path == "again.jpg")
    assert f"/why?image={row.id}&match={again.id}" in links(told)
    other = next(row for row in library.images() if row.path == "5.jpg")
    assert "None found" in text_of(parts_of.copies_part(reads, other))
    notes.part(library, [[row.id, other.id], [again.id]])
    for one in (row, again):
        assert "None found" in text_of(parts_of.copies_part(reads, one))


def test_the_place_on_each_map_is_where_the_small_map_has_a_point(reads):
    app = create_app(reads.library)
    for name in reads.map_names():
        answer = app.server.test_client().get(f"/map-image/{name}")
        drawn = np.asarray(Image.open(io.BytesIO(answer.data)))
        assert drawn.shape == (small_maps.SIDE, small_maps.SIDE, 4)
        for image in (1, 30, 60):
            left, top = small_maps.place(reads.map(name), image)
            assert drawn[round(top * (small_maps.SIDE - 1)), round(left * (small_maps.SIDE - 1)), 3] > 0
        assert drawn[..., 3].astype(bool).mean() < 0.2
    assert small_maps.place(reads.map("color"), 999) is None
    assert app.server.test_client().get("/map-image/images").status_code == 404
    clusterings = Clusterings(reads)
    part = parts_of.maps_part(reads, reads.image(30), clusterings)
    assert len(of_class(part, "place-mark")) == len(reads.map_names())
    for name in reads.map_names():
        shown = clusterings.at(name, 0)
        cluster = int(shown.map.cluster[shown.map.ids == 30][0])
        assert ("In no cluster" if cluster < 0 else clusterings.titles(shown)[cluster]) in text_of(part)


def test_images_that_are_no_more_say_so(reads, own_pictures):
    for text in ("999", "-1", "1e3", "9" * 30, ""):
        told = page.layout(reads, {"image": text})
        assert "There is no such image" in text_of(told) and "/" in links(told)
    (own_pictures / "broken.jpg").write_bytes(b"nothing")
    scan(reads.library, own_pictures)
    (broken,) = reads.failures()
    told = text_of(page.layout(reads, {"image": str(broken.id)}))
    assert "cannot be read" in told and broken.reason in told
    assert f"Not among the {reads.library.counts()['ok']} images" in told  # which are those that can be looked at
    (own_pictures / "broken.jpg").unlink()
    scan(reads.library, own_pictures)
    assert "no longer in its folder" in text_of(page.layout(reads, {"image": str(broken.id)}))
    gone = reads.image(1)
    reads.library.db.execute("UPDATE roots SET path = '/nowhere' WHERE id = 1")
    assert "not there any more" in text_of(parts_of.file_part(reads, reads.image(1)))
    assert gone.state == "ok"


@pytest.mark.browser
def test_an_image_opened_zoomed_walked_from_and_closed(page: Page):
    page.goto("/library")
    page.goto("/detail?image=7")
    picture = page.locator(".detail-picture")
    expect(picture).to_have_attribute("src", "/image/7")
    expect(page.locator(".palette-color").first).to_be_visible()
    expect(page.locator(".place-mark")).to_have_count(4)
    expect(page.locator(".detail-card img")).not_to_have_count(0)

    page.wait_for_function("() => document.querySelector('.detail-picture').naturalWidth > 0")
    page.get_by_role("button", name="100%").click()
    shown = picture.evaluate("img => [img.getBoundingClientRect().width, img.naturalWidth, "
                             "img.clientWidth / img.naturalWidth, img.clientHeight / img.naturalHeight]")
    assert abs(float(re.search(r"scale\((.+)\)", picture.evaluate("i => i.style.transform"))[1])
               * min(shown[2], shown[3]) - 1) < 0.01
    page.keyboard.press("0")
    assert picture.evaluate("img => img.style.transform") == ""
    page.keyboard.press("+")
    page.keyboard.press("+")
    box = page.locator("#detail-view").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 230, steps=4)
    page.mouse.up()
    expect(picture).to_have_attribute("style", re.compile(re.escape("translate(40px, 30px)")))

    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("src", "/image/8")
    expect(page).to_have_url(re.compile(r"image=8$"))
    assert picture.evaluate("img => img.style.transform") == ""
    page.keyboard.press("ArrowLeft")
    expect(picture).to_have_attribute("src", "/image/7")
    onward = page.locator(".detail-neighbors .detail-card a.card-picture").nth(2)
    to = onward.get_attribute("href")
    onward.click()
    expect(page).to_have_url(re.compile(re.escape(to) + "$"))
    page.go_back()
    expect(picture).to_have_attribute("src", "/image/7")
    page.locator(".detail-neighbors .detail-card a.card-picture").nth(1).focus()
    page.keyboard.press("Escape")  # it was opened by its address: the map is where it lies
    expect(page).to_have_url(re.compile(r"/\?.*image=7"), timeout=15_000)


@pytest.mark.browser
def test_a_tag_given_on_the_page_stays(browser, library, serving):
    address = serving(library)
    context = browser.new_context(base_url=address)
    tab = context.new_page()
    tab.goto("/detail?image=5")
    field = tab.get_by_label("Add a tag")
    field.fill("<i>blue</i>")
    field.press("Enter")
    expect(tab.locator(".chip")).to_have_text("<i>blue</i>")
    expect(field).to_have_value("")
    tab.reload()
    expect(tab.locator(".chip")).to_have_text("<i>blue</i>")
    held = []
    tab.route("**/act", lambda route: held.append(route))
    with tab.expect_request("**/act"):
        tab.get_by_role("button", name="Take off the tag <i>blue</i>").click()
    field.fill("typed meanwhile")
    held[0].continue_()
    tab.unroute_all()
    expect(tab.locator(".chip")).to_have_count(0)
    expect(field).to_have_value("typed meanwhile")
    assert notes.tags(library) == {}
    tab.get_by_role("button", name="Undo").click()
    expect(tab.locator(".chip")).to_have_text("<i>blue</i>")
    assert notes.tags(library) == {"<i>blue</i>": 1}
    tab.get_by_label("Add to a collection").fill("Best")
    tab.get_by_role("button", name="Add", exact=True).last.click()
    expect(tab.locator(".chip").last).to_have_text("Best")
    assert notes.collected(library, "best") == [5]
    tab.wait_for_timeout(300)
    assert not tab.locator(".toast").count()
    context.close()


@pytest.mark.browser
def test_what_was_asked_for_one_image_is_not_put_on_the_page_of_the_next(page_at, serving, library):
    notes.tag(library, [7], "first")
    page = page_at(serving(library))
    page.goto("/detail?image=7")
    chips = page.locator(".chip")
    expect(chips).to_have_text("first")
    held = hold(page, "image-tags")
    with page.expect_request(asks("image-tags")):
        page.evaluate("likeness.act('tag', {name: 'second', ids: [7]})")
    page.locator(".detail-right").click()
    expect(page.locator(".detail-picture")).to_have_attribute("src", "/image/8")
    expect(chips).to_have_count(0)
    with page.expect_response(asks("image-tags")):
        held[0].continue_()
    page.wait_for_timeout(500)
    expect(chips).to_have_count(0)
    page.go_back()
    expect(chips).to_have_text(["first", "second"])
    page.evaluate("likeness.act('tag', {name: 'third', ids: [7]})")  # what this page asks for is answered
    expect(chips).to_have_text(["first", "second", "third"])


@pytest.mark.browser
def test_a_key_held_down_asks_for_the_next_image_once(page: Page):
    page.goto("/detail?image=7")
    picture = page.locator(".detail-picture")
    expect(picture).to_have_attribute("src", "/image/7")
    before = page.evaluate("history.length")
    held = hold(page, "image=8")
    with page.expect_request(asks("image=8")):
        page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    held[0].continue_()
    expect(picture).to_have_attribute("src", "/image/8")
    assert page.evaluate("history.length") == before + 1
