"""Why a match is one, as the page says it: figures that add up, and what is drawn over the pictures."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dashboard.app import create_app
from dashboard.pages.why import told
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline import things
from pipeline.embeddings.lite0 import classifier
from pipeline.library import Library
from pipeline.pictures.metadata import Metadata
from pipeline.search import Query
from tests.dashboard.accessibility import faults
from tests.metadata_pictures import XMP


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def test_amounts_are_rounded_so_that_they_add_up():
    draw = np.random.default_rng(0)
    for _ in range(300):
        amounts = draw.normal(0.2, 0.3, draw.integers(1, 6)).tolist()
        shown = told.rounded(amounts, sum(amounts))
        assert sum(round(one * 1000) for one in shown) == round(sum(amounts) * 1000)
        assert max(abs(one - exact) for one, exact in zip(shown, amounts)) <= 0.001


def test_what_is_shown_adds_up_to_the_score_of_the_search(reads):
    for params in ({"image": "3"}, {"image": "3", "sift": "1"}, {"image": "3", "color": "1", "efficientnet": "0.4"}):
        weights = {name: float(value) for name, value in params.items() if name != "image"} or None
        for match in reads.search(Query.around(3, weights=weights, top_k=4)).matches:
            shown = told.told(reads, EditedPictures(reads), params | {"match": str(match.id)}, {})["score"]
            assert shown["score"] == round(match.score, 3)
            assert sum(round(1000 * part["amount"]) for part in shown["parts"]) == round(1000 * match.score)


def test_each_figure_that_is_told_is_that_of_a_plain_computation(reads):
    """Of every embedding the cosine, weight and place; the sum of colors; points; and how surely things are seen."""
    weights = {"color": 1.0, "sift": 0.5, "efficientnet": 0.8}
    vectors = {name: reads.library.vectors(name) for name in weights}
    there = things.seen(reads.library)
    sure = np.unique(there.ids[there.rows[there.share >= things.SURE]])
    surely = 0
    for match in (9, 30, *sure[sure > 3][:2].tolist()):
        said = told.told(reads, EditedPictures(reads), {name: str(w) for name, w in weights.items()} | {"image": "3", "match": str(match)}, {})
        assert [part["name"] for part in said["score"]["parts"]] == list(weights)
        for part in said["score"]["parts"]:
            ids, rows = vectors[part["name"]]
            cosines = rows @ rows[ids == 3][0]
            mine, others = float(cosines[ids == match][0]), cosines[(ids != 3) & rows.any(axis=1)]
            assert part["value"] == pytest.approx(mine, abs=6e-4) and part["share"] == round(weights[part["name"]] / 2.3, 3)
            assert part["amount"] == pytest.approx(mine * weights[part["name"]] / 2.3, abs=1.1e-3)
            assert part["place"] == [1 + int((others > mine + 1e-6).sum()), len(others), False]
        colors = said["colors"]
        ids, rows = vectors["color"]
        assert colors["cosine"] == pytest.approx(float(rows[ids == 3][0] @ rows[ids == match][0]), abs=6e-4)
        assert sum(one["adds"] for one in colors["bins"]) == pytest.approx(colors["cosine"], abs=5e-3)
        for side in ("asked", "found"):
            assert sum(share for _, share in colors[side]["palette"]) == pytest.approx(1, abs=5e-3)
        points = said["structure"]
        assert points["inliers"] == sum(points["fits"]) and len(points["fits"]) == len(points["pairs"])
        assert f"{points['inliers']} of {len(points['pairs'])} pairs of points" in points["said"]
        ids, rows = vectors["efficientnet"]
        odds = 15.0 * (rows[np.isin(ids, (3, match))] @ classifier()[0].T) + classifier()[1]
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        for one in said["known"]["things"]:
            classes = list(next(kind.classes for kind in things.kinds() if kind.name == one["name"]))
            assert [one["asked"], one["found"]] == pytest.approx(odds[:, classes].sum(axis=1).tolist(), abs=0.006)
            surely += 1
    assert surely, "no thing is told of these"


@pytest.mark.parametrize("metric, figure", [("euclidean", "{:.3f},"), ("manhattan", "{:.3f},"), ("hamming", "{:.0f} of 192 bits")])
def test_where_the_score_is_not_what_is_ranked_by_that_is_told(reads, metric, figure):
    def ask(**more: str) -> dict:
        return told.told(reads, EditedPictures(reads), {"image": "3", **more}, {})

    for match in reads.search(Query.around(3, metric=metric, top_k=9)).matches[::4]:
        assert figure.format(match.distance) in ask(match=str(match.id), metric=metric)["ranked"]
    assert ask(match="4")["ranked"] is None


def test_a_crop_is_looked_at_as_large_as_a_whole_picture(library, pictures, tmp_path):
    moved = Path(shutil.copytree(pictures, tmp_path / "pictures"))
    library.db.execute("UPDATE roots SET path = ?", [str(moved.resolve())])
    reads = Reads(library)
    file = reads.image(17).file
    cv2.imwrite(str(file), cv2.resize(cv2.imread(str(file)), (1600, 1200)))
    said = told.told(reads, EditedPictures(reads), {"images": "17~250.250.500.500", "match": "30"}, {})
    assert (said["asked"]["width"], said["asked"]["height"]) == (512, 384)


def test_the_route_answers_nonsense_with_a_sentence(made_library):
    client = create_app(Library(made_library)).server.test_client()
    for search, body in (
        ("", {}), ("?match=1", {}), ("?image=1&match=99999", {}), ("?upload=ab&match=1", {"pictures": {"ab": "data:image/png;base64,@@"}}),
        ("?upload=ab&match=1", {"uploads": 3, "names": [], "pictures": {"ab": 7}}), ("?image=1&match=2&color=0&sift=nan&beside=99", {}),
    ):
        answer = client.post(f"/why/told{search}", json=body)
        assert answer.status_code == 200
        assert "error" in answer.json or answer.json["score"]


@pytest.mark.browser
def test_from_a_match_to_its_reasons_and_back(page: Page):
    """By key from the gallery: the bar, the views over the pictures, a spot that answers, and Esc leads back."""
    page.goto("/search?image=3&count=12")
    card = page.locator("#search-gallery a.picture").nth(1)
    expect(card).to_be_visible()
    score = page.locator("#search-gallery .match-score").nth(1).text_content()
    match = card.get_attribute("data-image")
    card.focus()
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile(r"/why\?"))
    assert parse_qs(urlsplit(page.url).query) == {"image": ["3"], "match": [match]}
    expect(page.locator(".why-total strong")).to_have_text(score)
    cells = page.locator(".why-parts tbody tr:not(.why-off):not(.why-sum) td:nth-child(4)").all_text_contents()
    assert sum(round(1000 * float(one.replace("−", "-"))) for one in cells) == round(1000 * float(score))
    widths = page.evaluate("() => [...document.querySelectorAll('.why-bar > span')].map(one => one.getBoundingClientRect().width)")
    whole = page.locator(".why-bar").bounding_box()["width"]
    assert sum(widths) / whole == pytest.approx(float(score), abs=0.01)
    expect(page.locator("#why-side")).to_contain_text("have most in common for the network")  # which adds most
    page.get_by_role("button", name="Structure", exact=True).click()
    expect(page.locator("#why-side")).to_contain_text("lie where one movement puts them")
    assert not faults(page, "#why")

    page.get_by_role("button", name="Color", exact=True).click()
    expect(page).to_have_url(re.compile("view=colors"))
    first = page.locator(".why-color").first
    expect(first).to_be_visible()
    page.wait_for_function("() => document.querySelector('[data-side=found] canvas').width === 480")
    first.focus()  # one color alone: its pixels are clear, most others veiled
    clear = "() => { const c = document.querySelector('[data-side=found] canvas'); const d = c.getContext('2d')" \
        ".getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] < 10; return 4 * n / d.length; }"
    page.wait_for_function(f"() => {{ const share = ({clear})(); return share > 0 && share < 0.9; }}")

    page.get_by_role("button", name="Meaning", exact=True).click()
    box = page.locator("[data-side=asked]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#why-spot")).to_contain_text("cosine")
    expect(page.locator("[data-side=found] .why-ring")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/search\?image=3"))


@pytest.mark.browser
def test_a_part_that_takes_away_lies_over_the_end_of_the_bar_so_that_the_score_is_left(page: Page, reads):
    """Of two embeddings, where the cosine by one is negative, and of two such."""
    vectors = {name: reads.library.vectors(name) for name in ("color", "sift", "efficientnet")}
    cosines = {name: dict(zip(ids.tolist(), (rows @ rows[ids == 3][0]).tolist())) for name, (ids, rows) in vectors.items()}
    one = min((image for image in cosines["sift"] if image != 3), key=cosines["sift"].get)
    assert cosines["sift"][one] < -0.02
    page.goto(f"/why?image=3&match={one}&color=1&sift=1")
    total = page.locator(".why-total strong")
    expect(total).to_be_visible()
    score, whole = float(total.text_content()), page.locator(".why-bar").bounding_box()
    adds, takes = (page.locator(f".why-bar > {kind}").first.bounding_box() for kind in (".part", ".why-taken"))
    assert adds["x"] + adds["width"] == pytest.approx(takes["x"] + takes["width"], abs=1)  # over its end
    assert (takes["x"] - whole["x"]) / whole["width"] == pytest.approx(score, abs=0.003)
    assert score == pytest.approx((cosines["color"][one] + cosines["sift"][one]) / 2, abs=1e-3)


def asked_why(page: Page) -> tuple[dict[str, str], float]:
    """What the page is asked by, and the score that it tells."""
    expect(page).to_have_url(re.compile(r"/why\?"))
    total = page.locator(".why-total strong")
    expect(total).to_be_visible()
    return dict(parse_qsl(urlsplit(page.url).query)), float(total.text_content())


@pytest.mark.browser
def test_why_is_asked_by_what_a_picture_was_found_with_wherever_it_stands(page: Page):
    """In a graph, and on the walk through disagreements: by the embedding that is looked at there."""
    page.goto("/graph?image=3&by=color")
    node = page.locator(".graph-node").nth(2)
    expect(node).to_be_visible()
    told = float(re.search(r"similarity ([\d.]+)", node.get_attribute("aria-label"))[1])
    image = node.get_attribute("data-image")
    node.click(button="right")
    page.get_by_role("menuitem", name="Why is it a match?").click()
    params, score = asked_why(page)
    assert params == {"color": "1", "image": "3", "match": image} and score == pytest.approx(told, abs=0.0055)
    page.goto("/compare?view=disagree&a=sift&b=combined")
    for row, by in ((0, {"sift": "1"}), (1, {})):
        own = page.locator(".compare-large img")
        expect(own).to_be_visible()
        near = page.locator(".compare-row").nth(row).locator("a.picture").nth(1)
        expect(near).to_be_visible()
        wanted = {"image": own.get_attribute("src").rsplit("/", 1)[1], "match": near.get_attribute("data-image")} | by
        near.focus()
        page.keyboard.press("w")
        assert asked_why(page)[0] == wanted
        page.go_back()


@pytest.mark.browser
def test_a_cropped_picture_of_ones_own_shows_the_points_it_shares_and_the_keywords(page_at, serving, library, tmp_path):
    file = tmp_path / "own.jpg"
    with Image.open(library.image(6).file) as picture:
        picture.convert("RGB").save(file, quality=95, xmp=XMP.format(rating=4, title="Harbor").encode())
    library.facts.store([(6, Metadata(keywords=("boat", "SYDNEY")))])
    page = page_at(serving(library))
    page.goto("/search")
    page.locator("#search-file input[type=file]").set_input_files(str(file))
    card = page.locator("#search-gallery a.picture[data-image='6']")
    expect(card).to_be_visible()
    expect(page).to_have_url(re.compile("upload=[0-9a-f]+"))
    key = re.search("upload=([0-9a-f]+)", page.url)[1]
    page.goto(f"/search?upload={key}~100.100.800.800")  # cropped, in the same tab
    expect(card).to_be_visible()
    card.click(button="right")
    page.get_by_role("menuitem", name="Why is it a match?").click()
    expect(page.locator("#why-side")).to_contain_text("The same thing or the same picture")
    expect(page.locator(".why-line").first).to_be_attached()
    expect(page.get_by_role("img", name=re.compile(f"Searched with: {re.escape(file.name)}"))).to_be_visible()
    expect(page.locator(".why-known div", has=page.get_by_text("Shared keywords", exact=True)).locator("dd")).to_have_text("SYDNEY")
