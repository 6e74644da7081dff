"""The Search page: uploads, weights, addresses, what is shown where there is nothing."""

from __future__ import annotations

import base64
import io
import shutil
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image

from dashboard import components
from dashboard.pages import search as page
from dashboard.queries import Reads
from pipeline.errors import QueryError
from pipeline.library import Library
from tests.dashboard.trees import of_class, of_kind, parts, text_of

EQUAL = {"color": 1.0, "sift": 1.0, "efficientnet": 1.0}


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def data_url(data: bytes) -> str:
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode()


def matches(content) -> list[int]:
    return [button.id["image"] for button in of_kind(content, "search-match")]


def test_a_library_image_finds_others_and_not_itself(reads):
    told, content = page.results(reads, {"image": 5}, None, EQUAL, "cosine", 24)
    found = matches(content)
    assert len(found) == 24 and 5 not in found
    assert text_of(told).startswith("24 matches in ") and text_of(told).endswith(" ms")


def test_a_cropped_and_reencoded_copy_finds_its_original_first(reads):
    row = reads.image(17)
    picture = Image.open(row.file).convert("RGB")
    width, height = picture.size
    copy = io.BytesIO()
    picture.crop((width // 20, height // 20, width, height)).save(copy, "TIFF")
    upload, preview = page.receive(reads, data_url(copy.getvalue()), "copy.tif")
    _, content = page.results(
        reads, {"upload": upload["key"]}, upload, EQUAL | {"color": 0.0, "efficientnet": 0.0}, "cosine", 12
    )
    assert matches(content)[0] == row.id
    assert preview["src"].startswith("data:image/jpeg;base64,")


def test_the_vectors_kept_in_the_browser_are_those_computed(reads):
    data = reads.image(3).file.read_bytes()
    upload, _ = page.receive(reads, data_url(data), "three.jpg")
    kept = page._query({"upload": upload["key"]}, upload)["vectors"][0]
    computed = reads.embed(data)
    assert kept.keys() == computed.keys()
    for name, vector in computed.items():
        np.testing.assert_array_equal(kept[name], vector)


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (data_url(b"this is no picture"), "cannot be searched with"),
        ("data:image/jpeg;base64,%%%", "did not arrive whole"),
        (data_url(bytes(page.MAX_UPLOAD + 1)), "larger than 25 MB"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence_with_its_name(reads, contents, told):
    with pytest.raises(QueryError, match=told) as error:
        page.receive(reads, contents, "holiday.jpg")
    assert "“holiday.jpg”" in str(error.value) and str(error.value).count(".") <= 2


def test_without_weight_the_gallery_stays_and_the_reason_is_told(reads):
    told, content = page.results(reads, {"image": 5}, None, dict.fromkeys(EQUAL, 0.0), "cosine", 24)
    assert "move at least one slider up" in text_of(told)
    assert not list(parts(content))


def test_an_image_that_is_gone_is_told(reads):
    told, _ = page.results(reads, {"image": 10**6}, None, EQUAL, "cosine", 24)
    assert "no vectors" in text_of(told)
    assert "not in the library" in text_of(page.query_view(reads, {"image": 10**6}, None))


def test_every_metric_shows_the_score_and_the_others_their_distance_too(reads):
    for metric, with_distance in (("cosine", False), ("euclidean", True), ("manhattan", True)):
        _, content = page.results(reads, {"image": 5}, None, EQUAL, metric, 12)
        first = of_class(content, "match")[0]
        assert len(of_class(first, "match-score")) == 1
        assert ("dist" in text_of(first)) is with_distance


def test_the_parts_of_a_match_explain_its_score(reads):
    weights = {"color": 1.0, "sift": 0.5, "efficientnet": 0.0}
    _, content = page.results(reads, {"image": 5}, None, weights, "cosine", 12)
    first = of_class(content, "match")[0]
    score = float(text_of(of_class(first, "match-score")))
    figures = [float(pair.split()[-1]) for pair in of_class(first, "parts")[0].title.split(", ")]
    assert score == pytest.approx((figures[0] + 0.5 * figures[1]) / 1.5, abs=0.01)
    assert len(of_class(first, "part-off")) == 1


@pytest.mark.parametrize(
    ("chosen", "weights", "metric", "count"),
    [
        ({"image": 12}, EQUAL, "cosine", 24),
        ({"image": 12}, {"color": 1.0, "sift": 0.05, "efficientnet": 0.0}, "manhattan", 96),
        (None, {"color": 0.0, "sift": 1.0, "efficientnet": 0.35}, "euclidean", 12),
        ({"upload": "abc123"}, EQUAL, "cosine", 24),
    ],
)
def test_the_address_restores_the_page(reads, chosen, weights, metric, count):
    search = components.view(page.PATH, page.address(chosen, weights, metric, count))["search"]
    content = page.layout(reads, dict(parse_qsl(search.lstrip("?"))))
    named = [part for part in parts(content) if isinstance(getattr(part, "id", None), str)]
    known = {part.id: part for part in named}
    assert known["search-chosen"].data == chosen
    assert {s.id["embedding"]: s.value for s in of_kind(content, "search-weight")} == weights
    assert known["search-metric"].value == metric and known["search-count"].value == str(count)


def test_a_plain_address_stays_plain(reads):
    assert components.link(page.PATH, **page.address({"image": 7}, EQUAL, "cosine", 24)) == "/search?image=7"
    assert components.link(page.PATH, **page.address(None, EQUAL, "cosine", 24)) == "/search"


@pytest.mark.parametrize(
    "nonsense",
    ["color=x&metric=taxi&count=7&image=abc", "color=nan", "image=-1&color=-5&sift=1e9", f"image={10**40}"],
)
def test_nonsense_in_the_address_is_passed_over(reads, nonsense):
    content = page.layout(reads, dict(parse_qsl(nonsense)))
    values = [slider.value for slider in of_kind(content, "search-weight")]
    assert len(values) == 3 and all(0 <= value <= 1 for value in values)
    (chosen,) = [part for part in parts(content) if getattr(part, "id", "") == "search-chosen"]
    assert chosen.data is None


def test_every_match_leads_on_and_to_the_map(reads):
    _, content = page.results(reads, {"image": 5}, None, EQUAL, "cosine", 12)
    found = matches(content)
    assert [button.id["image"] for button in of_kind(content, "search-match-action")] == found
    links = [part.href for part in parts(content) if getattr(part, "href", None)]
    assert links == [f"/?image={image_id}" for image_id in found]


def test_before_a_query_there_are_examples_to_start_from(reads):
    _, content = page.results(reads, None, None, EQUAL, "cosine", 24)
    assert len(of_kind(content, "search-start")) >= 12


def test_without_an_index_the_page_says_how_to_make_one(library):
    shutil.rmtree(library.data / "index")
    assert "python -m pipeline run" in text_of(page.layout(Reads(library), {}))
