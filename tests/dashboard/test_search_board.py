"""What the address of the Search page says: board, edits, settings; and what an edit does."""

from __future__ import annotations

from urllib.parse import parse_qsl

import numpy as np
import pytest

from dashboard import components
from dashboard.pages.search.board import MOST, from_data, from_params, to_params
from dashboard.pages.search.entry import Entry, Kind, Stage
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.query import Settings, query_of, rated_as
from dashboard.pages.search.stage import query_view
from dashboard.reads import Reads, id_list
from dashboard.uploads.edit import Edit, EditedPictures
from pipeline import embeddings
from pipeline.errors import QueryError
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.search import ImageEntry
from tests.dashboard.trees import text_of

NAMES = ("color", "sift", "efficientnet")
EQUAL = dict.fromkeys(NAMES, 1.0)
CROPPED = Edit(90, True, (100, 50, 400, 300))


def there_and_back(params: dict) -> dict[str, str]:
    return dict(parse_qsl(components.view("/search", params)["search"].lstrip("?")))


@pytest.mark.parametrize(
    ("board", "address"),
    [
        ([], "/search"),
        ([Entry("image", "12")], "/search?image=12"),
        ([Entry("image", "12", edit=Edit(270))], "/search?image=12&turn=270"),
        ([Entry("image", "1"), Entry("image", "2"), Entry("image", "3", True)], "/search?images=1%2C2%2C-3"),
        ([Entry("image", "7", True)], "/search?images=-7"),
        ([Entry("image", "7", False, CROPPED), Entry("upload", "ab12", True, Edit(mirror=True))], None),
        ([Entry("upload", "ab12"), Entry("upload", "cd34", True, CROPPED)], None),
        ([Entry("collection", "a, b & c"), Entry("collection", "d"), Entry("collection", "Rést", True),
          Entry("collection", "e", True)], None),
        ([Entry("words", "red dress")], "/search?words=red+dress"),
        ([Entry("words", "red dress, -x & y"), Entry("words", "white wall", True),
          Entry("palette", "c8452b.60_fdebc8.40"), Entry("palette", "000000.100", True), Entry("image", "7")], None),
        ([Entry("selection", id_list.pack(range(1, 400))), Entry("selection", id_list.pack([7, 2**31 - 1]), True)], None),
    ],
)
def test_the_address_restores_the_board(board, address):
    params = to_params(board)
    assert from_params(there_and_back(params)) == board
    assert from_data([entry.data for entry in board]) == board
    if address:
        assert components.link("/search", **params) == address


class First(Kind):
    """A toy: the image that comes first in the alphabet, whichever that is."""

    name = "first"

    def key(self, text):
        return text if text == "any" else None

    def read(self, params):
        return [Entry(self.name, "any", params["first"] == "minus")] if "first" in params else []

    def write(self, entries, alone):
        return {"first": ("minus" if entries[0].minus else "plus") if entries else None}

    def called(self, reads, entry, names):
        return "The first"

    def thumbnail(self, reads, entry):
        return "thumbnail of it"

    def stage(self, reads, entry, names):
        return Stage("the first, large")

    def query(self, asked, entry):
        first = min(asked.reads.library.images(), key=lambda row: row.path).id
        return ImageEntry(first, entry.minus), {first}


def test_a_kind_of_entry_that_is_registered_is_in_address_page_and_query(made_library, monkeypatch):
    monkeypatch.setitem(KINDS, "first", First())
    reads = Reads(Library(made_library))
    board = [Entry("image", "9"), Entry("first", "any", True)]
    assert from_params(there_and_back(to_params(board))) == board == from_data([one.data for one in board])
    assert from_data([{"kind": "first", "key": "other"}]) == []
    query = query_of(reads, EditedPictures(reads), board, {}, Settings(EQUAL))
    first = min(reads.library.images(), key=lambda row: row.path).id
    assert query.entries == (ImageEntry(9), ImageEntry(first, True)) and query.filter.exclude == tuple(sorted({9, first}))
    shown = text_of(query_view(reads, board, 1, {}))
    assert "the first, large" in shown and "thumbnail of it" in shown


@pytest.mark.parametrize(
    "nonsense",
    [
        {"image": "abc"}, {"image": "-1"}, {"image": "9" * 30}, {"images": "x,,-,1.5,--2,3~~~;"},
        {"image": "٣"},
        {"upload": "../etc,<b>"}, {"collection": ""}, {"these": "x,=,AAA,é"}, {"these": "_" * 9_000},
    ],
)
def test_nonsense_is_no_board(nonsense):
    assert from_params(nonsense) == []


@pytest.mark.parametrize(
    "given",
    [
        {"crop": "900,0,200,100"}, {"crop": "0,0,1000,1000"}, {"crop": "0,0,5,500"}, {"crop": "1,2,3"},
        {"crop": [1, 2, "x", 4]}, {"turn": "45"}, {"turn": "abc"}, {"mirror": "maybe"},
        {"crop": "-5,0,100,100"},
    ],
)
def test_an_impossible_edit_is_none(given):
    assert Edit.of(given) == Edit()


def test_a_board_has_an_end_and_nothing_twice():
    many = ",".join(map(str, range(1, 100)))
    assert len(from_params({"images": many})) == MOST
    assert len(from_params({"image": "3", "images": "3,-3,3~90"})) == 2


@pytest.mark.parametrize(
    "settings",
    [
        Settings(EQUAL),
        Settings(EQUAL | {"sift": 0.05, "color": 0.0}, "hamming", 96, "distinct", "label=a,b\\,c\\\\"),
        Settings(EQUAL, "cosine", 12, "discover", "folder=x/y;collection=Rést;tag=1,2", "date"),
    ],
)
def test_the_address_restores_the_settings(settings):
    assert Settings.of(there_and_back(settings.params()), NAMES) == settings
    assert there_and_back(Settings(embeddings.usual(NAMES)).params()) == {}


def test_ids_travel_as_a_short_text():
    random = np.random.default_rng(5)
    for ids in (range(1, 301), [1], [2**31 - 1], random.integers(1, 2**31, 300).tolist(), [5, 3, 5]):
        assert id_list.unpack(id_list.pack(ids)) == sorted(set(ids))
    assert len(id_list.pack(range(1, 301))) == 400
    for nonsense in ("", "AA", "/w", "_____w", "gIAA", "A" * 8_004):
        assert id_list.unpack(nonsense) == []


def test_ratings_know_the_same_question_again():
    board = [Entry("image", "1"), Entry("image", "2")]
    asked = rated_as(board, Settings(EQUAL, count=12))
    assert asked == rated_as(board[::-1], Settings(EQUAL, mode="distinct", where="label=x"))
    assert asked != rated_as([board[0], Entry("image", "2", True)], Settings(EQUAL))
    assert asked != rated_as(board, Settings(EQUAL | {"sift": 0.5}))


def test_an_edit_turns_then_mirrors_then_crops():
    pixels = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3).astype(np.uint8)
    np.testing.assert_array_equal(Edit(90).apply(pixels)[0, -1], pixels[0, 0])  # to the right
    np.testing.assert_array_equal(Edit(270).apply(pixels)[-1, 0], pixels[0, 0])
    np.testing.assert_array_equal(Edit(mirror=True).apply(pixels)[:, ::-1], pixels)
    np.testing.assert_array_equal(Edit(90, True).apply(pixels), np.rot90(pixels, -1)[:, ::-1])
    crop = Edit(90, crop=(500, 0, 500, 500)).apply(pixels)  # the right upper quarter of what is seen
    np.testing.assert_array_equal(crop, np.rot90(pixels, -1)[:30, 20:])
    assert Edit(crop=(990 - 20, 0, 20, 20)).apply(pixels[:1, :1]).shape == (1, 1, 3)


def test_an_edited_library_image_is_searched_as_seen(made_library):
    reads = Reads(Library(made_library))
    edited = EditedPictures(reads)
    row = reads.image(17)
    pixels = decoding.decode(row.file.read_bytes(), 2 * decoding.WORK_SIDE)  # half of it is looked at
    expected = reads.embed(np.rot90(pixels, -1)[: pixels.shape[1] // 2].copy())
    given = edited.vectors(17, Edit(90, crop=(0, 0, 1000, 500)))
    for name in NAMES:
        np.testing.assert_allclose(given[name], expected[name], atol=0.02)
    for again in (edited, EditedPictures(reads)):  # a slider need not wait, nor any other page
        assert again.vectors(17, Edit(90, crop=(0, 0, 1000, 500))) is given
    assert float(edited.vectors(17, Edit(180))["efficientnet"] @ expected["efficientnet"]) < 0.95
    with pytest.raises(QueryError, match="not in the library"):
        edited.vectors(10**9, Edit(90))


def test_an_edit_of_a_file_that_is_gone_says_so(library):
    library.db.execute("UPDATE roots SET path = '/nowhere'")
    with pytest.raises(QueryError, match="cannot be edited: the file is not there any more"):
        EditedPictures(Reads(library)).vectors(3, Edit(90))
