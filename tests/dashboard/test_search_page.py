"""The Search page: uploads, weights, filters, pages, what is shown where there is nothing."""

from __future__ import annotations

import csv
import io
import json
import shutil
from urllib.parse import parse_qsl

import numpy as np
import pytest
from dash import no_update
from PIL import Image

from dashboard.app import create_app
from dashboard.pages.search import answer, page
from dashboard.pages.search import rated as rated_searches
from dashboard.pages.search import results as search_results
from dashboard.pages.search.entry import Entry
from dashboard.pages.search.panel import MAX_UPLOAD
from dashboard.pages.search.query import Settings, query_of, rated_as
from dashboard.pages.search.stage import query_view
from dashboard.pages.search.upload import received_of
from dashboard.reads import Reads, id_list
from dashboard.uploads.edit import Edit, EditedPictures
from dashboard.uploads.vectors import packed, unpacked
from pipeline import index as indexes
from pipeline.library import Library, notes
from pipeline.search.joining import MINUS
from tests.dashboard.trees import of_kind, parts, text_of

EQUAL = {"color": 1.0, "sift": 1.0, "efficientnet": 1.0}


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def asked(*board: Entry, uploads=None, seen=()) -> dict:
    """What the browser sends for a board."""
    return {"board": [one.data for one in board], "uploads": uploads or {}, "seen": list(seen), "names": {}}


def image(number: int, minus: bool = False) -> Entry:
    return Entry("image", str(number), minus)


def search(reads, *board, weights=EQUAL, uploads=None, seen=(), **settings):
    return answer.results(
        reads, EditedPictures(reads), asked(*board, uploads=uploads, seen=seen), Settings(weights, **settings)
    )


def found_by(content) -> dict:
    """What the browser makes the gallery of."""
    (store,) = [part for part in parts(content) if getattr(part, "id", None) == "search-matches"]
    return store.data


def matches(content) -> list[int]:
    return [match["id"] for match in found_by(content)["matches"]]


def test_a_library_image_finds_others_and_not_itself(reads):
    told, content, _, shown = search(reads, image(5))
    found = matches(content)
    assert len(found) == 24 and 5 not in found and shown["ids"] == found and shown["more"]
    assert shown["question"] == rated_as([image(5)], Settings(EQUAL))
    assert text_of(told).startswith("First 24 matches in ") and text_of(told).endswith((" ms", " s"))
    assert [text_of(one) for one in content if getattr(one, "className", "") == "legend"] == ["Color Texture & shape Meaning"]
    assert search(reads, image(5), by="name")[3] == shown  # sorting is the browser's: the same answer


def test_a_cropped_and_reencoded_copy_finds_its_original_first(reads):
    row = reads.image(17)
    picture = Image.open(row.file).convert("RGB")
    width, height = picture.size
    copy = io.BytesIO()
    picture.crop((width // 20, height // 20, width, height)).save(copy, "TIFF")
    received = received_of(reads, copy.getvalue(), "copy.tif")
    upload = Entry("upload", received["key"])
    _, content, _, _ = search(
        reads, upload, uploads={upload.token: received["vectors"]},
        weights=EQUAL | {"color": 0.0, "efficientnet": 0.0},
    )
    assert matches(content)[0] == row.id
    assert received["src"].startswith("data:image/jpeg;base64,")


def test_the_vectors_kept_in_the_browser_are_those_computed(reads):
    data = reads.image(3).file.read_bytes()
    kept = unpacked(received_of(reads, data, "three.jpg")["vectors"])
    computed = reads.embed(data)
    assert kept.keys() == computed.keys()
    for name, vector in computed.items():
        np.testing.assert_array_equal(kept[name], vector)


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"this is no picture", "cannot be searched with"), (bytes(MAX_UPLOAD + 1), "larger than 25 MB")],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence_with_its_name(library, data, told):
    client = create_app(library).server.test_client()
    answer = client.post("/upload?name=holiday.jpg", data=data)
    assert told in answer.json["error"] and "“holiday.jpg”" in answer.json["error"]
    assert answer.json["error"].count(".") <= 2


def test_a_web_address_that_leads_into_this_network_is_refused_with_its_reason(library):
    client = create_app(library).server.test_client()
    answer = client.post("/web-picture", json={"address": "http://127.0.0.1:1/a.jpg"})
    assert answer.json["error"].endswith(".")
    assert client.post("/web-picture", data=b"nonsense").json["error"]


def test_vectors_of_another_length_are_not_compared(reads):
    """They lie in the browser while the library may be made anew with another model."""
    vectors = packed({"color": np.ones(3, np.float32), "sift": reads.library.vectors("sift", [1])[1][0]})
    said, content, *_ = search(reads, Entry("upload", "abc"), uploads={"abc": vectors})
    assert "library has changed" in text_of(said) and not list(parts(content))


def test_without_weight_the_gallery_stays_and_the_reason_is_told(reads):
    told, content, *_ = search(reads, image(5), weights=dict.fromkeys(EQUAL, 0.0))
    assert "move at least one slider up" in text_of(told)
    assert content is no_update  # what stands there is left
    _, content, *_ = search(reads, image(5), weights=dict.fromkeys(EQUAL, 0.0), metric="hamming")
    assert len(matches(content)) == 24  # it does not weigh


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (Entry("upload", "abc"), "give it again"),
        (image(3, minus=True), "with a plus"),
    ],
)
def test_what_cannot_be_searched_with_is_told_and_shown_without_a_crash(reads, entry, told):
    said, content, *_ = search(reads, entry)
    assert told in text_of(said) and not list(parts(content))
    assert list(parts(query_view(reads, [entry], 0, {})))


def test_beside_what_is_gone_there_are_others_to_start_from(reads):
    lost = "not in the library any more"
    for gone, told in ((image(10**6), lost), (Entry("image", "1000000", edit=Edit(90)), lost),
                       (Entry("collection", "nothing of the kind"), "no collection")):
        said, content, *_ = search(reads, gone)
        assert said is None and of_kind(content, "search-start")
        assert told in text_of(query_view(reads, [gone], 0, {}))


def test_every_metric_shows_the_score_and_the_others_their_distance_too(reads):
    for metric in ("cosine", "euclidean", "manhattan", "hamming"):
        _, content, *_ = search(reads, image(5), metric=metric, count=12)
        first = found_by(content)["matches"][0]
        assert 0 < first["score"] <= 1
        assert ("distance" in first) is (metric != "cosine")


def test_the_parts_of_a_match_explain_its_score(reads):
    _, content, *_ = search(reads, image(5), weights={"color": 1.0, "sift": 0.5, "efficientnet": 0.0})
    data = found_by(content)
    first = data["matches"][0]
    score = first["score"]
    figures = first["parts"]
    assert score == pytest.approx((figures["color"] + 0.5 * figures["sift"]) / 1.5, abs=1e-5)
    assert [one["counts"] for one in data["parts"]] == [True, True, False]


def test_a_board_says_what_its_scores_are_scores_of(reads):
    told, content, *_ = search(reads, image(5), image(9), image(30, minus=True))
    assert MINUS == 0.5 and "the average of the 2 pluses, less half of how like the minus" in text_of(told)
    assert not {5, 9, 30} & set(matches(content))


def test_filters_narrow_together_and_say_when_nothing_is_left(library):
    reads = Reads(library)
    label = library.image(45).label
    inside = {row.id for row in library.images() if row.label == label}
    some = sorted(inside)[:4]
    notes.collect(library, "Mine, all", some + [1, 2])
    notes.tag(library, some[:3] + [1], "good")
    for where, expected in (
        (f"label={label}", inside),
        (f"folder={label}", inside),
        ("collection=Mine\\, all", {*some, 1, 2}),
        ("tag=good;collection=Mine\\, all", {*some[:3], 1}),
        (f"tag=good;label={label}", set(some[:3])),
    ):
        _, content, *_ = search(reads, image(50 if 50 not in inside else 1), where=where, count=48)
        assert set(matches(content)) == expected - {50 if 50 not in inside else 1}
    other = next(name for name in library.labels() if name not in (label, library.image(1).label))
    _, content, *_ = search(reads, image(50), where=f"tag=good;folder={other}")
    assert "No other image passes all filters" in text_of(content)
    note, *_ = search(reads, image(1), where="tag=god")
    assert "There is no tag “god”; the nearest are: good" in text_of(note)
    _, content, *_ = search(reads, where="tag=good")
    assert "4 images" in text_of(content) and len(of_kind(content, "search-start")) == 4


def test_a_collection_is_searched_by_its_mean_without_its_own(library):
    reads = Reads(library)
    notes.collect(library, "Some", [3, 4, 5])
    told, content, *_ = search(reads, Entry("collection", "Some"), count=48)
    together = reads.searcher.search(
        query_of(reads, EditedPictures(reads), [image(3), image(4), image(5)], {}, Settings(EQUAL, count=48))
    )
    assert matches(content) == [match.id for match in together.matches]
    assert "average of the collection" in text_of(told)
    chosen = Entry("selection", id_list.pack([5, 4, 3, 10**6]))  # one of them is gone by now
    told, content, *_ = search(reads, chosen, count=48)
    assert matches(content) == [match.id for match in together.matches]
    assert "average of these" in text_of(told)


def test_page_after_page_shows_every_image_once(reads):
    for mode in ("closest", "distinct"):
        settings = Settings(EQUAL, count=12, mode=mode)
        query = query_of(reads, EditedPictures(reads), [image(5)], {}, settings)
        shown, cards = None, []
        for _ in range(20):
            got = search_results.page_of(reads, query, settings, {}, shown=shown, of="x")
            cards += got.matches
            shown = got.shown
            if not shown.more:
                break
        found = [match["id"] for match in cards]
        assert tuple(found) == shown.ids and len(found) == len(set(found))
        assert mode != "closest" or len(found) == 59
        assert [match["rank"] for match in cards] == list(range(1, len(found) + 1))
        # Where one comes back to a list that had grown, it is there at once, and the same.
        again = search_results.pages_of(reads, query, settings, {}, seen=(), of="x", upto=30)
        assert again.matches == cards[:36] if mode == "closest" else cards[: len(again.matches)] == again.matches


def test_discovering_again_shows_others_and_a_reload_the_same(reads):
    _, content, below, shown = search(reads, image(5), mode="discover")
    first = matches(content)
    assert len(first) == 20 and "Again" in text_of(below) and not shown["more"]
    assert sum("further" in match for match in found_by(content)["matches"]) == 5
    assert matches(search(reads, image(5), mode="discover")[1]) == first
    second = matches(search(reads, image(5), mode="discover", seen=first)[1])
    assert len(second) == 20 and not set(first) & set(second)
    _, content, *_ = search(reads, image(5), mode="discover", seen=range(1, 61))
    assert "seen everything" in text_of(content)


def test_a_rating_is_shown_again_and_exported(library):
    app, reads = create_app(library), Reads(library)
    board, settings = [image(5)], Settings(EQUAL)
    _, content, *_ = search(reads, *board)
    rated = matches(content)[2]
    notes.rate(library, rated_as(board, settings), rated, 1, 3, 0.5)
    words = {match["id"]: match["rating"] for match in found_by(search(reads, *board)[1])["matches"]}
    assert words.pop(rated) == 1 and not any(words.values())
    assert not any(match["rating"] for match in found_by(search(reads, image(6))[1])["matches"])
    client = app.server.test_client()
    (row,) = csv.DictReader(io.StringIO(client.get("/export/ratings.csv").text))
    assert (row["image_id"], row["value"], row["rank"]) == (str(rated), "1", "3")
    assert json.loads(row["query"])["plus"] == ["image:5"]
    (one,) = client.get("/export/ratings.json").json["ratings"]
    assert one["path"] == library.image(rated).path and one["query"]["weights"] == EQUAL
    assert text_of(rated_searches.ratings_view(reads)).startswith("1 rating")


@pytest.mark.parametrize(
    "address",
    [
        "image=12",
        "image=12&turn=90&crop=0,0,500,500&color=1&sift=0.05&efficientnet=0&metric=manhattan&count=96",
        "images=1,-2&mode=discover&label=x,y", "upload=abc123", "",
    ],
)
def test_the_address_restores_the_page(reads, address):
    params = dict(parse_qsl(address))
    content = page.layout(reads, params)
    known = {part.id: part for part in parts(content) if isinstance(getattr(part, "id", None), str)}
    settings = Settings.of(params, tuple(EQUAL))
    assert [one["token"] for one in known["search-chosen"].data] == [
        entry.token for entry in page.search_board.from_params(params)
    ]
    assert {s.id["embedding"]: s.value for s in of_kind(content, "search-weight")} == settings.weights
    assert known["search-metric"].value == settings.metric and known["search-mode"].value == settings.mode
    assert known["search-count"].value == str(settings.count)
    assert known["facets-where"].data == settings.where and ("label" in address) == settings.where.startswith("label=")


@pytest.mark.parametrize(
    "nonsense",
    [
        "color=x&metric=taxi&count=7&image=abc&mode=x", "color=nan", "image=-1&color=-5&sift=1e9",
        f"image={10**40}",
    ],
)
def test_nonsense_in_the_address_is_passed_over(reads, nonsense):
    content = page.layout(reads, dict(parse_qsl(nonsense)))
    values = [slider.value for slider in of_kind(content, "search-weight")]
    assert len(values) == 3 and all(0 <= value <= 1 for value in values)
    (chosen,) = [part for part in parts(content) if getattr(part, "id", "") == "search-chosen"]
    assert chosen.data == []


def test_before_a_query_there_are_examples_to_start_from(reads):
    _, content, *_ = search(reads)
    assert len(of_kind(content, "search-start")) >= 12


def test_without_an_index_the_page_says_how_to_make_one(library):
    shutil.rmtree(library.data / "index")
    assert "python -m pipeline run" in text_of(page.layout(Reads(library), {}))


def test_an_embedding_that_only_some_images_have_is_told_of_whatever_was_found(library):
    library.forget_vectors([2])
    current = library.embeddings()["color"]
    library.store([], {"color": (current.extractor, [2], library.vectors("color", [3])[1])})
    indexes.build(library)
    told, content, *_ = search(Reads(library), image(3), count=12)
    assert 2 in matches(content)
    count = len(list(library.images()))
    said = f"is known of {count - 1} of {count} images; the others count there as average"
    assert text_of(told).count(said) == 2 and f"Texture & shape {said}" in text_of(told)
    told, content, *_ = search(Reads(library), image(3), count=1)
    assert 2 not in matches(content) and said in text_of(told)
    told, *_ = search(Reads(library), image(3), weights={"color": 1.0, "sift": 0.0, "efficientnet": 0.0})
    assert "is known of" not in text_of(told)
