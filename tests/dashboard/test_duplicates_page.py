"""The Duplicates page: groups are told, decided on by keys and mouse, taken back, laid over one another, taken along."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.pages.duplicates import page as duplicates_page
from dashboard.pages.library.copies import copies_part
from dashboard.reads import Reads
from dashboard.reads.copies import PAGE
from pipeline import index
from pipeline.duplicates import Group, Pair, Reason, kept
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library, notes
from pipeline.pictures import decoding, formats
from tests.conftest import synthetic_library
from tests.dashboard.accessibility import faults
from tests.dashboard.trees import text_of


def with_groups(library: Library, count: int) -> list[Group]:
    """Keep groups of two pictures each, of images 1 and 2, 3 and 4, …"""
    rows = library.images_by_id(range(1, 2 * count + 1))
    groups = [
        Group((rows[n], rows[n + 1]), n, (Pair(n, n + 1, Reason("turned" if n % 4 == 1 else "saved again", "said")),))
        for n in range(1, 2 * count, 2)
    ]
    kept._keep(library, groups, np.array([[101, 102], [102, 103]]), np.array([0.95, 0.85], np.float32), library.generation())
    return groups


@pytest.fixture
def paged(tmp_path) -> Library:
    """A library without files in which 50 groups were found."""
    library = synthetic_library(tmp_path / "data", 110, {"color": 4})
    with_groups(library, 50)
    return library


def ask(library: Library, query: str = "", access: Access = Access(), path: str = "/copies/groups"):
    return create_app(library, access=access).server.test_client().get(f"{path}?{query}")


def test_groups_come_in_pages_narrowed_and_counted(paged):
    first = ask(paged).json
    assert (first["total"], first["pages"], len(first["groups"])) == (50, 3, PAGE)
    assert first["kinds"]["turned"] == 25 and first["states"] == {"open": 50, "decided": 0, "all": 50}
    last = ask(paged, "page=99&kind=turned").json
    assert (last["page"], last["first"], last["total"], len(last["groups"])) == (2, PAGE + 1, 25, 1)
    served = create_app(paged).server.test_client()
    assert served.get("/copies/groups").json["states"]["open"] == 50
    notes.settle(paged, [1], [2])
    notes.part(paged, [[3], [4]])
    assert served.get("/copies/groups").json["states"] == {"open": 48, "decided": 2, "all": 50}  # at once
    assert ask(paged).json["aside"] == {"images": 1, "bytes": 1}
    assert "48 groups to decide, 1 decided among 110 images." in text_of(copies_part(Reads(paged)))
    decided = ask(paged, "state=decided").json["groups"]
    assert [(one["state"], [image["id"] for image in one["images"] if image["keep"]]) for one in decided] == [("settled", [1]), ("apart", [3, 4])]
    assert [one["scores"] for one in ask(paged, "view=similar&least=0.8").json["groups"]] == [{"101": 0.95, "103": 0.85}]
    assert [len(one["images"]) for one in ask(paged, "view=similar&least=0.9").json["groups"]] == [2]
    split = ask(paged, "view=split&left=label:folder1&right=folder:folder2").json
    assert split["total"] == 8 and [one["leaking"] for one in split["leaks"]] == [8, 8] and split["leaks"][0]["images"] == 16


@pytest.mark.parametrize("query", ["view=x", "where=x", "state=x", "by=x", "least=x", "page=-1&by=y", "view=split&left=a&right=b"])
def test_what_there_is_not_is_said_in_a_sentence(paged, query):
    assert ask(paged, query).json["error"].endswith(".")


def test_visitors_are_told_no_places_and_get_no_script(paged):
    paged.db.execute("UPDATE roots SET path = '/home/secret'")
    notes.settle(paged, [1], [2])
    reading = Access(rights=frozenset({"read"}))
    for path in ("/copies/groups", "/export/copies.json", "/export/copies.csv", "/copies/sides"):
        answer = ask(paged, "state=all", reading, path)
        assert answer.status_code == 200 and b"secret" not in answer.data and b"folder1" in answer.data
    assert ask(paged, "", reading, "/export/copies.sh").status_code == 403
    told = ask(paged, "state=all", Access.listening_on("127.0.0.1"), "/export/copies.json").json
    assert len(told["groups"]) == 50 and told["groups"][0]["keep"] == [1] and told["groups"][0]["images"][0]["root"] == "/home/secret"
    assert b"aside /home/secret/folder2/2.jpg 1 /home/secret/folder1/1.jpg 1" in ask(paged, "", Access.listening_on("127.0.0.1"), "/export/copies.sh").data


def test_before_anything_was_found_the_page_says_how(library):
    assert "python -m pipeline duplicates" in text_of(duplicates_page.layout(Reads(library), {}))


@pytest.fixture
def copied(own_pictures, tmp_path) -> Library:
    """Twenty pictures, and of four of them copies: saved again twice, turned, mirrored, the same file."""
    files = sorted(own_pictures.rglob("*.jpg"))[:4]
    folder = own_pictures / "copies"
    folder.mkdir()
    seen = [decoding.decode(file.read_bytes()) for file in files]
    (folder / "small.jpg").write_bytes(decoding.encode_jpeg(decoding.resize(seen[0], 300), quality=60))
    (folder / "smaller.jpg").write_bytes(decoding.encode_jpeg(decoding.resize(seen[0], 260), quality=50))
    (folder / "turned.jpg").write_bytes(decoding.encode_jpeg(np.ascontiguousarray(np.rot90(seen[1]))))
    (folder / "mirrored.jpg").write_bytes(decoding.encode_jpeg(np.ascontiguousarray(seen[2][:, ::-1])))
    shutil.copy(files[3], folder / "again.jpg")
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    embed(library, ["color", "sift"])
    index.build(library)
    return library


def focused(page: Page, name: str) -> None:
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile(name))


def chooses_in_all_groups(page: Page, library: Library) -> None:
    """Pictures of several groups are one list: chosen, marked, tagged, looked through; larger and smaller."""
    groups = page.locator("article.copies")
    pictures = page.locator(".copy-picture")
    count = page.locator(".chosen-count")
    ids = page.locator(".copy").evaluate_all("cards => cards.map(card => Number(card.dataset.image))")
    pictures.nth(0).click(modifiers=["Control"])
    pictures.nth(3).click(modifiers=["Shift"])  # of another group
    expect(count).to_have_text("4 chosen")
    page.locator(".chosen-bar").get_by_role("button", name="Tag").click()
    page.locator(".ask-name input").fill("double")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Tagged 4 images")
    assert sorted(notes.tagged(library, "double")) == sorted(ids[:4])
    page.locator(".chosen-bar").get_by_role("button", name="Mark “Set aside”").click()
    expect(page.locator("#said")).to_contain_text("One of them must be kept")  # of the first group nothing would be left
    page.keyboard.press("Escape")
    expect(count).to_have_count(0)

    # A band over two groups beside one another.
    first, last = (groups.nth(at).locator(".copy-picture").first.bounding_box() for at in (0, 1))
    page.mouse.move(first["x"] - 6, first["y"] - 2)
    page.mouse.down()
    page.mouse.move(last["x"] + 10, last["y"] + 10, steps=4)
    page.mouse.up()
    expect(count).to_have_text(re.compile(r"[34] chosen"))
    page.locator(".chosen-bar [data-chosen=none]").click()

    # Looked through from group to group, and back where one ended; what a menu offers there.
    pictures.nth(1).focus()
    page.keyboard.press("Space")
    expect(page.locator(".viewer-count")).to_have_text(f"2 of {len(ids)}")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".viewer-picture")).to_have_attribute("src", f"/image/{ids[2]}")
    page.keyboard.press("Escape")
    expect(pictures.nth(2)).to_be_focused()
    aside = page.locator(".copy.is-aside").first.get_attribute("data-image")
    copy = page.locator(f".copy[data-image='{aside}']")
    copy.locator(".copy-picture").click(button="right")
    expect(page.get_by_role("menuitem", name="Keep this one alone")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Why is it a match?")).to_be_visible()
    page.get_by_role("menuitem", name="Mark “Keep”").click()
    expect(copy).to_have_class(re.compile("is-kept"))
    copy.locator(".copy-picture").click()  # as it was
    expect(copy).to_have_class(re.compile("is-aside"))
    pair = groups.filter(has_text="mirrored").locator(".copy-picture")
    before, other = (pair.nth(at).bounding_box() for at in (0, 1))
    assert before["y"] == other["y"]  # beside one another
    page.get_by_label("Size of the pictures").fill("120")
    page.wait_for_function("before => [...document.querySelectorAll('.copies')].find(one => one.textContent.includes('mirrored'))"
                           ".querySelector('.copy-picture').clientHeight < 0.8 * before", arg=before["height"])
    page.get_by_label("Order").select_option("name")
    expect(page).to_have_url(re.compile("by=name"))
    page.get_by_label("Order").select_option("found")
    expect(page).not_to_have_url(re.compile("by="))


def on_a_phone(page: Page) -> None:
    """Reached from the bar; the first group begins on the first screen, below two rows of controls."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(page.url.replace("/duplicates", "/library").split("?")[0])
    page.get_by_role("button", name="More").click()
    page.locator("#nav-rest").get_by_role("link", name="Duplicates").click()
    expect(page.locator("article.copies").first).to_be_visible()
    middles = sorted(page.locator(".duplicates-controls > *").evaluate_all(
        "parts => parts.filter(one => one.offsetHeight > 8).map(one => one.offsetTop + one.offsetHeight / 2)"))
    assert len(middles) > 2 and sum(later - one > 20 for one, later in zip(middles, middles[1:])) == 1
    page.get_by_role("button", name="Copies", exact=True).click()
    expect(page.locator(".duplicates-controls.is-copies")).to_be_visible()
    assert page.locator(".copy-picture").first.bounding_box()["y"] < 422  # half a screen
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Options").click()
    expect(page.get_by_label("Order")).to_be_visible()


@pytest.mark.browser
def test_copies_are_looked_for_decided_on_by_keys_and_mouse_and_taken_back(page_at, serving, copied: Library):
    address = serving(copied, Access.listening_on("127.0.0.1"))
    page = page_at(address, height=900)
    page.goto(f"{address}/duplicates")
    expect(page.locator(".duplicates-none")).to_contain_text("have not been looked for yet")
    page.get_by_role("button", name="Look for copies").click()
    groups = page.locator("article.copies")
    expect(groups).to_have_count(4, timeout=120_000)
    expect(page.locator("#duplicates-on")).to_contain_text("Looked for among 25 images")
    assert not faults(page)
    state = page.get_by_role("group", name="Decided or not")

    # By keys: one stays, the next group has the keyboard, and Ctrl+Z brings the first back.
    names = groups.locator("h2").all_text_contents()
    assert sorted(names) == ["2 pictures · mirrored", "2 pictures · same file", "2 pictures · turned", "3 pictures · saved again"]
    groups.nth(0).locator(".copy-picture").nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("k")
    expect(groups).to_have_count(3)
    expect(page.locator("#said")).to_contain_text("is kept")
    expect(groups.nth(0).locator(".copy-picture").nth(0)).to_be_focused()
    page.keyboard.press("Control+z")
    expect(groups).to_have_count(4)
    assert not notes.decisions(copied)

    chooses_in_all_groups(page, copied)

    # By mouse: what is pressed is kept or set aside, and all of that is one decision.
    three = groups.filter(has_text="3 pictures")
    three.locator(".copy-picture").nth(1).click()
    three.get_by_role("button", name="Keep 2, set aside 1").click()
    expect(groups).to_have_count(3)
    (decision,) = notes.decisions(copied)
    assert sorted(decision.parts.values()) == [0, 1, 1]
    groups.filter(has_text="turned").get_by_role("button", name="Not copies").click()
    expect(groups).to_have_count(2)
    page.reload()  # it stays
    expect(groups).to_have_count(2)
    state.get_by_role("button", name="Decided").click()
    expect(page).to_have_url(re.compile("state=decided"))
    expect(groups).to_have_count(2)
    expect(groups.filter(has_text="turned").locator(".copies-state")).to_have_text("No copies of one another")
    groups.filter(has_text="turned").get_by_role("button", name="Take back").click()
    expect(groups).to_have_count(1)
    script = page.get_by_role("link", name="Script of moves").get_attribute("href")
    assert page.request.get(f"{address}{script}").text().count("\naside ") == 1
    state.get_by_role("button", name="To decide").click()
    expect(groups).to_have_count(3)
    page.get_by_role("button", name="Decide all 3 as marked").click()  # at once, and as one step back
    expect(page.locator(".duplicates-none")).to_contain_text("Nothing is left to decide")
    assert len(notes.decisions(copied)) == 4
    with page.expect_download() as taken:  # what is to be done next
        page.get_by_role("link", name="Save set-aside.sh").click()
    assert b"\naside " in taken.value.path().read_bytes()
    page.keyboard.press("Control+z")
    expect(groups).to_have_count(3)
    state.get_by_role("button", name="All").click()
    expect(groups).to_have_count(4)

    # Laid over one another: the mirrored one lies mirrored.
    groups.filter(has_text="mirrored").locator(".copy-picture").nth(1).focus()
    page.keyboard.press("c")
    over = page.locator(".pair .pair-over")
    expect(over).to_be_visible()
    a, b, c, d, *_ = map(float, re.findall(r"[-\d.e]+", over.evaluate("(one) => getComputedStyle(one).transform")))
    assert a * d - b * c < 0 and a < 0
    page.keyboard.press("3")
    expect(page.locator(".pair-stage.is-blink")).to_be_visible()
    page.keyboard.press("4")
    expect(page.locator(".pair-stage.is-differ")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".pair")).to_have_count(0)
    expect(groups.filter(has_text="mirrored").locator(".copy-picture").nth(1)).to_be_focused()

    # A folder of reference keeps what lies in it; between two folders there are leaks.
    page.get_by_label("Add a folder of reference").fill("copies")
    page.keyboard.press("Enter")
    expect(page.locator(".copy-reference").first).to_be_visible()
    page.get_by_role("button", name="Split check").click()
    page.get_by_label("One side").fill("folder:copies")
    page.get_by_label("The other side").fill(f"folder:{copied.image(1).path.split('/')[0]}")
    page.keyboard.press("Tab")
    expect(page.locator(".duplicates-leaks")).to_contain_text("4 groups are on both sides")
    expect(page.locator(".duplicates-leaks")).to_contain_text("5 of 5 pictures of folder:copies (100.0%)")
    assert not faults(page)
    on_a_phone(page)
    assert not faults(page)
    assert json.loads(page_of(copied))["total"] == 4


@pytest.mark.browser
def test_which_of_my_pictures_are_here_already_in_three_steps(page: Page, made_library, tmp_path):
    """Two copies, one that is not here, one that is no picture: told, narrowed, taken along; nothing is taken up."""
    library = Library(made_library)
    small = decoding.resize(decoding.decode(library.image(20).file.read_bytes()), 240)
    (tmp_path / "-small.jpg").write_bytes(decoding.encode_jpeg(np.ascontiguousarray(small[:, ::-1]), quality=75))
    shutil.copy(library.image(9).file, tmp_path / "same.jpg")
    (tmp_path / "new.png").write_bytes(decoding.encode_jpeg(np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)))
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    page.goto("/")
    page.get_by_role("link", name="Duplicates", exact=True).click()
    page.get_by_role("button", name="Do I have these?").click()
    expect(page).to_have_url(re.compile("view=own"))
    said = page.locator(".known-said")
    expect(said).to_contain_text("Nothing is taken up")
    assert not faults(page)
    page.locator(".known-drop input[type=file]").set_input_files(sorted(tmp_path.glob("*.*")))
    expect(said).to_have_text("2 of 4 are here already, 1 is not, 1 cannot be read.")
    cards = page.locator(".known-one:visible")
    expect(cards.filter(has_text="same.jpg")).to_contain_text(f"{library.image(9).path}Same file")
    expect(cards.filter(has_text="small.jpg")).to_contain_text("Mirrored")
    expect(cards.filter(has_text="small.jpg").locator("a.known-picture")).to_have_attribute("href", "/detail?image=20")
    assert page.evaluate("Promise.all([...document.querySelectorAll('.known-picture img')].map(one => one.decode())).then(all => all.length)") == 5
    assert not faults(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    rows = {row["file"]: row for row in csv.DictReader(taken.value.path().read_text("utf-8").splitlines())}
    assert set(rows) == {"same.jpg", "'-small.jpg", "new.png", "broken.jpg"}  # no cell is a formula
    assert rows["'-small.jpg"]["image_id"] == "20" and rows["new.png"] | {"copy_of": "", "state": "Not here"} == rows["new.png"]
    page.get_by_role("button", name="Not here").click()
    expect(cards).to_have_count(1)
    page.get_by_role("link", name="Map", exact=True).click()
    page.go_back()  # what came of them is still there
    expect(said).to_contain_text("2 of 4 are here already")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    page.get_by_role("button", name="Clear").click()
    expect(said).to_contain_text("Nothing is taken up")
    assert len(library.images()) == 60


@pytest.mark.browser
def test_of_a_folder_no_picture_is_passed_over_in_silence(page: Page, made_library, tmp_path):
    """A raw file that is too large, a name that no browser knows, and what is no picture: who empties a card should know."""
    card = tmp_path / "card"
    card.mkdir()
    shutil.copy(Library(made_library).image(9).file, card / "same.jpg")
    (card / "large.nef").write_bytes(bytes(25 * 2**20 + 1))
    (card / "scan.j2c").write_bytes(b"nothing")
    (card / "empty.jpg").write_bytes(b"")
    (card / "film.mov").write_bytes(b"nothing")
    page.goto("/duplicates?view=own")
    names = page.locator(".known-drop input[type=file]").get_attribute("accept").split(",")
    assert {*names} == {"image/*", *formats.EXTENSIONS}
    page.locator(".known-folder input[type=file]").set_input_files(card)
    expect(page.locator(".known-said")).to_have_text("1 of 4 is here already, 3 cannot be read, 1 other file is no picture.")
    expect(page.locator(".known-one").filter(has_text="large.nef")).to_contain_text("larger than 25 MB")


@pytest.mark.browser
def test_many_pictures_that_are_searched_with_lead_to_which_of_them_are_here(page: Page, made_library):
    library = Library(made_library)
    page.goto("/search")
    page.wait_for_selector(".search-start")
    page.locator("#search-file input[type=file]").set_input_files([str(library.image(image).file) for image in (3, 14, 25, 36)])
    page.get_by_role("button", name="Which of them are here already?").click()
    expect(page).to_have_url(re.compile("/duplicates"))
    expect(page.locator(".known-said")).to_have_text("4 of 4 are here already.")


def test_what_is_sent_to_be_compared_is_answered_whatever_it_is(made_library):
    client = create_app(Library(made_library), access=Access(rights=frozenset({"read"}))).server.test_client()
    for body in (b"", b"no picture"):
        assert client.post("/copies/known", data=body).json["error"]
    found = client.post("/copies/known", data=Library(made_library).image(9).file.read_bytes()).json
    assert [(one["id"], one["kind"]) for one in found["copies"]] == [(9, "same file")] and found["src"].startswith("data:image/jpeg")


def page_of(library: Library) -> bytes:
    return ask(library, "state=all").data
