"""The Search page in a real browser: pictures in, the search follows, and it all comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages.search.query import COUNT
from pipeline.library import Library, notes
from tests.dashboard.on_search import slow

pytestmark = pytest.mark.browser

IDS = "() => likeness.search.matches().map(match => match.id)"  # those out of sight, too
SCORES = "() => likeness.search.matches().map(match => [match.id, match.score])"
OTHERS = f"first => ({IDS})().length > 0 && ({IDS})()[0] !== first"
TO_THE_END = f"() => {{ window.scrollTo(0, document.body.scrollHeight); return ({IDS})().length >= 59 }}"


@pytest.fixture
def library(made_library) -> Iterator[Library]:
    """That of all tests, without the ratings that other visits have left."""
    library = Library(made_library)
    library.db.execute("DELETE FROM ratings")
    yield library
    library.db.execute("DELETE FROM ratings")


def joined(ids: set[int]) -> str:
    return ",".join(map(str, sorted(ids)))


def ready(page: Page) -> None:
    """Wait until no search is under way."""
    page.wait_for_selector("#search-gallery .match")
    page.wait_for_function("() => !document.querySelector('.search-results.working, .search-end.waiting')")


def drawn(page: Page, edit: str) -> None:
    """Wait until the server has drawn the stage anew, as edited."""
    page.wait_for_selector(f".stage.fitted[data-edit*='{edit}']")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a rectangle on the stage, in shares of its sides."""
    box = page.locator(".stage").bounding_box()
    (x, y), (to_x, to_y) = (
        (box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in (start, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=4)
    page.mouse.up()


def test_upload_crop_minus_filter_scroll_reload_and_thumbs_up(page: Page, library):
    row = library.image(12)
    page.goto("/search?count=12")
    page.locator("#search-file input[type=file]").set_input_files(str(row.file))
    ready(page)
    expect(page).to_have_url(re.compile(r"upload=[0-9a-f]{12}"))
    assert page.evaluate(IDS)[0] == row.id
    whole = page.locator(".match-score").first.inner_text()

    drawn(page, '"crop": null')
    drag(page, (0.1, 0.2), (0.6, 0.9))
    expect(page).to_have_url(re.compile(r"~\d+\.\d+\.\d+\.\d+"))
    x, y, width, height = map(int, re.search(r"~(\d+)\.(\d+)\.(\d+)\.(\d+)", page.url).groups())
    assert abs(x - 100) < 15 and abs(y - 200) < 15 and abs(width - 500) < 15 and abs(height - 700) < 15
    expect(page.locator(".match-score").first).not_to_have_text(whole)
    ready(page)

    worse = page.evaluate(IDS)[4]
    page.locator(f".match-tool[data-image='{worse}'][data-does=minus]").click()
    expect(page).to_have_url(re.compile(rf"images=-{worse}\b.*upload="))
    expect(page.locator(".board-tile")).to_have_count(2)
    expect(page.locator("#search-status")).to_contain_text("less half of how like the minus")
    page.wait_for_function(f"worse => !({IDS})().includes(worse)", arg=worse)

    label = row.label
    named = page.locator(f"#facets [data-facet=label] li[data-value='{label}'] input")
    named.check()
    expect(page).to_have_url(re.compile(rf"where=label%3D{label}"))
    members = {one.id for one in library.images() if one.label == label}
    page.wait_for_function(
        f"members => ({IDS})().sort((a, b) => a - b).join() === members", arg=joined(members - {worse})
    )
    named.uncheck()
    expect(page).not_to_have_url(re.compile("where="))
    ready(page)

    page.wait_for_function(TO_THE_END)
    ready(page)
    everything = page.evaluate(SCORES)
    assert len(everything) == len({image_id for image_id, _ in everything}) == 59

    state = page.url
    page.goto("/library")
    page.goto(state)
    ready(page)
    shown = page.evaluate(SCORES)  # more may come at any time: all that is there by now
    assert len(shown) >= 12 and shown == everything[: len(shown)]
    expect(page.locator(".board-tile")).to_have_count(2)

    liked = page.evaluate(IDS)[1]
    up = page.locator(f".match-tool[data-image='{liked}'][data-does=up]")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(TO_THE_END)
    page.evaluate("window.scrollTo(0, 0)")
    expect(up).to_have_attribute("aria-pressed", "true")
    page.get_by_text("History and ratings").click()
    expect(page.locator("#search-ratings")).to_contain_text("1 rating")
    (rating,) = notes.ratings(library)
    assert (rating.image_id, rating.value, rating.rank) == (liked, 1, 2)
    assert rating.query["minus"] == [f"image:{worse}"]
    assert re.fullmatch(r"upload:[0-9a-f]{12}~[\d.]+", rating.query["plus"][0])


def test_an_edited_library_image_in_the_address_and_back(page: Page):
    page.goto("/search?image=9")
    ready(page)
    drawn(page, '"turn": 0')
    page.get_by_role("button", name="Turn right").click()
    expect(page).to_have_url(re.compile(r"image=9&turn=90$"))
    page.get_by_role("button", name="Mirror").click()
    expect(page).to_have_url(re.compile(r"turn=90&mirror=1$"))
    drawn(page, '"turn": 90, "mirror": true')
    drag(page, (0, 0), (0.5, 1))
    expect(page).to_have_url(re.compile(r"mirror=1&crop=0%2C0%2C\d+%2C1000$"))
    page.get_by_role("button", name="Turn right").click()  # the rectangle turns with the picture
    expect(page).to_have_url(re.compile(r"image=9&mirror=1&crop=0%2C0%2C1000%2C\d+$"))
    ready(page)
    drawn(page, '"turn": 0, "mirror": true, "crop": [0, 0, 1000, ')
    page.locator(".crop-body").focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(page).to_have_url(re.compile(r"crop=0%2C0%2C1000%2C4[78]\d$"))
    page.get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile(r"image=9$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"crop=0%2C0%2C1000%2C4[78]\d$"))
    expect(page.locator(".crop")).to_be_visible()


def test_what_is_done_before_an_answer_comes_counts(page: Page):
    page.goto("/search?image=9")
    ready(page)
    drawn(page, '"turn": 0')
    with slow(page):
        page.get_by_role("button", name="Turn right").click()
        page.get_by_role("button", name="Turn right").click()
        expect(page.locator(".stage img")).to_have_attribute("style", re.compile(r"rotate\(180deg\)"))
    expect(page).to_have_url(re.compile(r"image=9&turn=180$"))
    drawn(page, '"turn": 180')
    ready(page)
    first, second, *_ = page.evaluate(IDS)
    with slow(page):
        for image_id in (first, second):
            page.locator(f".match-tool[data-image='{image_id}'][data-does=plus]").click()
    expect(page).to_have_url(re.compile(rf"images=9~180%2C{first}%2C{second}$"))
    expect(page.locator(".board-tile")).to_have_count(3)
    with slow(page):
        for _ in range(2):  # the second time nothing of it is left
            page.locator(".tile-remove").first.click()
    expect(page).to_have_url(re.compile(rf"images={first}%2C{second}$"))


def test_discover_again_repeats_nothing_and_history_leads_back(page: Page):
    page.goto("/search?image=3&mode=discover")
    ready(page)
    first = page.evaluate(IDS)
    assert len(first) == 20
    page.get_by_role("button", name="Again").click()
    page.wait_for_function(OTHERS, arg=first[0])
    second = page.evaluate(IDS)
    assert len(second) == 20 and not set(first) & set(second)
    page.locator("#search-gallery .match-picture").first.click()
    expect(page).to_have_url(re.compile(rf"image={second[0]}\b"))
    page.wait_for_function(OTHERS, arg=second[0])
    assert not set(page.evaluate(IDS)) & {*first, *second}
    page.get_by_text("History and ratings").click()
    expect(page.locator(".history-entry")).to_have_count(2)
    page.locator(".history-entry").nth(1).click()
    expect(page).to_have_url(re.compile(r"image=3\b.*mode=discover"))
    expect(page.locator(".history-list")).to_be_hidden()  # the page before had it open
    expect(page.locator("#search-gallery")).to_contain_text("You have seen everything there is.")
    page.get_by_role("button", name="Start over").click()
    ready(page)
    page.wait_for_function("likeness.search.state.shown.ids.length > 0")  # it stands in the history by now
    page.get_by_text("History and ratings").click()
    page.get_by_role("button", name="Clear history").click()
    expect(page.locator(".history-entry")).to_have_count(0)


def test_discovering_leaves_out_what_has_been_on_the_screen_and_keeps_its_place(page: Page):
    page.goto("/search?image=3&count=12")
    ready(page)
    closest = page.evaluate(IDS)
    page.get_by_text("Discover", exact=True).click()
    page.wait_for_function(OTHERS, arg=closest[0])
    first = page.evaluate(IDS)
    assert len(closest) >= 12 and len(first) == 20 and not set(closest) & set(first)
    expect(page).to_have_url(re.compile("mode=discover"))
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.locator(".tile-figure").first).to_be_visible()
    page.go_back()
    ready(page)
    assert page.evaluate(IDS) == first  # one comes back to what one has left
    page.reload()
    page.wait_for_function(OTHERS, arg=first[0])
    assert not set(page.evaluate(IDS)) & {*closest, *first}


def test_hamming_takes_the_sliders_out_of_play(page: Page):
    page.goto("/search?image=3&metric=hamming")
    ready(page)
    expect(page.locator(".weight input").first).to_be_disabled()
    expect(page.locator("#search-metric-about")).to_contain_text("The sliders have no say")
    page.get_by_text("Cosine", exact=True).click()
    expect(page.locator(".weight input").first).to_be_enabled()
    expect(page.locator("#search-metric-about")).not_to_contain_text("sliders")


STANDING = """() => [...document.querySelectorAll('#search-list [data-index]')]
    .sort((one, other) => one.dataset.index - other.dataset.index).map(one => Number(one.dataset.image))"""
NAMED = "() => Object.fromEntries(likeness.search.matches().map(one => [one.id, one.path]))"


def natural(path: str) -> list:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.rpartition("/")[2])]


def test_matches_are_sorted_and_a_phone_shows_them_at_once(page: Page, library):
    page.goto("/search?image=3")
    ready(page)
    # None come by themselves any more: the end is too far below.
    page.wait_for_function("document.getElementById('search-end').getBoundingClientRect().top > innerHeight + 1200")
    sort = page.get_by_label("Sort", exact=True)
    sort.select_option("name")
    expect(page.locator("#search-end")).to_contain_text("closest are sorted")
    closest = page.evaluate(IDS)
    page.wait_for_function("first => JSON.stringify((%s)().slice(0, 3)) !== first" % STANDING, arg=f"{closest[:3]}".replace(" ", ""))
    paths = {int(one): path for one, path in page.evaluate(NAMED).items()}
    standing = page.evaluate(STANDING)
    assert standing == sorted(closest, key=lambda one: (natural(paths[one]), paths[one]))[: len(standing)]
    expect(page).to_have_url(re.compile("[?&]by=name"))
    assert page.evaluate(IDS) == closest  # the search itself is the same

    page.get_by_role("button", name="Find more").click()
    further = min(59, len(closest) + COUNT)
    page.wait_for_function(f"() => ({IDS})().length === {further}")
    if further < 59:
        expect(page.locator("#search-end")).to_contain_text(f"The {further} closest are sorted")
    page.reload()
    page.wait_for_function(f"() => likeness.search && ({STANDING})().length > 0")
    expect(sort).to_have_value("name")
    rated = page.evaluate(STANDING)[-1]
    good = page.locator(f".match-tool[data-does=up][data-image='{rated}']")
    good.dispatch_event("click")
    expect(good).to_have_attribute("aria-pressed", "true")
    other = next(one for one in closest if one != rated)  # a good match, but of another search
    notes.rate(library, {"plus": ["image:50"], "minus": [], "metric": "cosine"}, other, 1, 1, 0.9)
    sort.select_option("rating")
    page.wait_for_function(f"first => ({STANDING})()[0] === first", arg=rated)

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/search?image=3")
    ready(page)
    picture = page.locator("#search-list .picture").first.bounding_box()
    assert picture["y"] + picture["height"] < 844  # without scrolling
    page.locator("[data-does=crop]").click()
    page.wait_for_function("() => document.querySelector('.stage.cropping') && document.querySelector('.query-picture').clientWidth > 300")


def test_the_camera_runs_from_the_click_to_the_picture_only(page: Page):
    page.add_init_script("""
        window.tracks = [];
        navigator.mediaDevices.getUserMedia = async () => {
            const canvas = document.createElement("canvas");
            canvas.width = 320; canvas.height = 240;
            const paint = canvas.getContext("2d");
            setInterval(() => {
                paint.fillStyle = "teal"; paint.fillRect(0, 0, 320, 240);
                paint.fillStyle = "orange"; paint.fillRect(40, 40, 90 + Math.random() * 9, 120);
            }, 40);
            const stream = canvas.captureStream(20);
            window.tracks.push(...stream.getTracks());
            return stream;
        };
    """)
    page.goto("/search")
    page.wait_for_selector(".search-start")
    assert page.evaluate("window.tracks.length") == 0
    page.get_by_role("button", name="Take a photo with the camera").click()
    page.get_by_role("button", name="Take the photo").click()
    ready(page)
    expect(page.locator("#search-query")).to_contain_text("Camera.jpg")
    page.wait_for_function("window.tracks.map(track => track.readyState).join() === 'ended'")
    expect(page.locator("#search-camera-view")).to_be_hidden()
    page.get_by_role("button", name="Take a photo with the camera").click()
    page.wait_for_selector("#search-camera-view video")
    page.get_by_role("link", name="Library", exact=True).click()
    page.wait_for_function("() => window.tracks.length === 2 && window.tracks[1].readyState === 'ended'")


def test_an_inner_web_address_is_refused_in_one_sentence(page: Page, address):
    page.goto("/search?image=3")
    ready(page)
    page.get_by_role("button", name="Fetch an image from a web address").click()
    page.locator("#search-link").fill(f"{address}/thumb/5")
    page.get_by_role("button", name="Fetch", exact=True).click()
    expect(page.locator("#search-note")).to_contain_text("not on the open internet")
    expect(page.locator(".stage img")).to_have_attribute("src", "/image/3")


def test_an_upload_of_another_tab_is_asked_for_again(page: Page):
    page.goto("/search?upload=0123456789ab")
    expect(page.locator("#search-status")).to_contain_text("give it again")
    expect(page.locator("#search-query")).to_contain_text("another browser tab")
