"""Words, colors and palettes find pictures, and say why."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import gallery
from pipeline import index as indexes
from pipeline.cli import main
from pipeline.embeddings import color_words, efficientnet, imagenet
from pipeline.errors import QueryError
from pipeline.library import Library, notes
from pipeline.quality import words as judging
from pipeline.search import Filter, ImageEntry, PaletteEntry, Query, Searcher, VectorsEntry, WordsEntry, words
from pipeline.search.completion import complete
from pipeline.search.readings import EXAMPLES, LIKE_EXAMPLES
from pipeline.search.scale import KEPT, MIDDLE, Sample, Spread
from pipeline.search.vectors import joined
from tests.conftest import synthetic_library, unit


@pytest.fixture(scope="module")
def searcher(made_library) -> Searcher:
    return Searcher(Library(made_library))


@pytest.mark.parametrize(("text", "parts", "unknown"), [
    ("Red dress", ["red", "dress"], []),
    ("a photo of two dark red dresses", ["dark red", "dress"], ["two"]),
    ("black and white cats and black swans", ["black and white", "cat", "black swan"], []),
    ("orange balloons, oranges", ["orange", "balloon", "orange (fruit)"], []),
    ("#C8452B #abc", ["#c8452b", "#aabbcc"], []),
    ("light-blue T-shirt zzyzx", ["T-shirt"], ["light-blue", "zzyzx"]),
    ("the -- & ' with", [], []),
    ("", [], []),
])  # fmt: skip
def test_a_text_is_taken_apart(text, parts, unknown):
    found = words.parse(text)
    assert [part.name for part in found.parts] == parts and list(found.unknown) == unknown


def test_every_color_word_is_most_of_all_itself():
    for name in color_words.terms():
        degrees = color_words.membership(name)
        assert degrees.max() > 0.8 and 0 < degrees.mean() < 0.6, name
    for name in ("red", "green", "blue", "yellow", "white", "black", "brown"):
        drawn = np.random.default_rng(1).choice(len(color_words.lattice()), 3_000, p=_even(color_words.membership(name)))
        shares = color_words.shares(color_words.lattice()[drawn])
        assert max(shares, key=shares.get) == name and sum(shares.values()) == pytest.approx(1)
    assert color_words.membership("dark red")[: 33 * 33 * 10].sum() > 0 == color_words.membership("dark red")[-1]


def _even(degrees: np.ndarray) -> np.ndarray:
    return degrees / degrees.sum()


@pytest.mark.network
def test_scores_can_be_computed_from_what_is_told(searcher):
    """From the stored vectors, the query's, and the scale that the result tells: by color as a cosine, as there is
    a palette, by the network as the share of the word's classes and the likeness to the surest."""
    entries = (WordsEntry("orange balloon"), PaletteEntry(("#1c0b14", "#f2994a"), (1, 3)))
    result = searcher.search(Query(entries, {"color": 1, "efficientnet": 0.5}, top_k=60))
    assert set(result.scale) == {"color", "efficientnet"} and result.unknown == {}
    scores = [match.score for match in result.matches]
    assert scores == sorted(scores, reverse=True) and len(scores) == 60
    asked = joined(searcher._extractors, entries, tuple(result.scale), searcher._loaded()[1])
    library = searcher.library
    for match in result.matches[::7]:
        logs = {}
        for name, spread in result.scale.items():
            ids, rows = library.vectors(name)
            every = rows @ asked[name] if name == "color" else _fitting(rows, "balloon")
            cosine = float(every[ids.tolist().index(match.id)])
            assert spread.mean == pytest.approx(every.mean(), abs=1e-3)
            assert spread.deviation == pytest.approx(every.std(), abs=1e-3)
            part = 1 / (1 + np.exp(-spread.steep * ((cosine - spread.mean) / spread.deviation - MIDDLE)))
            assert match.parts[name] == pytest.approx(part, abs=1e-4)
            logs[name] = np.log(part)
        assert match.score == pytest.approx(np.exp((logs["color"] + 0.5 * logs["efficientnet"]) / 1.5), abs=1e-4)


def _fitting(rows: np.ndarray, word: str) -> np.ndarray:
    """The share of the word's classes, and how like the pictures are to the mean of those that have most of it."""
    weights, biases = efficientnet.classifier()
    odds = np.exp(efficientnet.LENGTH * (rows @ weights.T) + biases)
    fit = np.log(odds[:, list(imagenet.find(word).classes)].sum(axis=1) / odds.sum(axis=1))
    like = rows @ unit(rows[np.argsort(-fit)[:EXAMPLES]].mean(axis=0, keepdims=True))[0]
    return fit + LIKE_EXAMPLES * (like - like.mean()) * fit.std() / like.std()


@pytest.mark.network
def test_a_color_is_found_and_a_minus_is_not(searcher):
    """Judged by the pixels of the thumbnails, of which the search knows nothing."""
    def share(result, name):
        return np.mean([_shares(searcher.library, match.id)[name] for match in result.matches])

    blue = searcher.search(Query((WordsEntry("blue"),), top_k=5))
    not_blue = searcher.search(Query((WordsEntry("blue", minus=True), ImageEntry(blue.matches[0].id)), top_k=5))
    assert share(blue, "blue") > 0.5
    alike = dict.fromkeys(searcher.embeddings, 1.0)
    assert share(not_blue, "blue") < share(searcher.search(Query.around(blue.matches[0].id, weights=alike, top_k=5)), "blue")
    away = searcher.search(Query((WordsEntry("balloon"), WordsEntry("blue", minus=True)), top_k=60, written=False))
    assert set(away.scale) == {"color", "efficientnet"}, "a minus alone has a say, too"
    by_color = sorted(away.matches, key=lambda match: match.parts["color"])
    halves = [[_shares(searcher.library, match.id)["blue"] for match in half] for half in (by_color[:20], by_color[-20:])]
    assert np.mean(halves[0]) > np.mean(halves[1]) + 0.1
    again = searcher.search(Query((WordsEntry("blue"), WordsEntry("zzyzx")), top_k=5))
    assert [match.id for match in again.matches] == [match.id for match in blue.matches]
    assert list(again.unknown) == ["zzyzx"]


def _shares(library: Library, image: int) -> dict[str, float]:
    from pipeline.pictures import decoding

    return color_words.shares(decoding.decode(library.thumbnail(image)).reshape(-1, 3))


@pytest.mark.network
def test_what_cannot_be_asked_is_one_sentence(searcher):
    for query, told in [
        (Query((WordsEntry("zzyzx airplan"),)), "“airplan” is not known here. Did you mean “airplane”"),
        (Query((WordsEntry("!!! 🐶"),)), "“!!! 🐶” says nothing to look for by; write what is to be seen"),
        (Query((WordsEntry("red"),), {"sift": 1}), "nothing that sift could compare"),
        (Query((WordsEntry("red"),), metric="manhattan"), "by cosine"),
        (Query((WordsEntry("red", minus=True),)), "at least one entry with a plus"),
    ]:
        with pytest.raises(QueryError, match=told):
            searcher.search(query)
    for colors, shares in [((), ()), (("red",), ()), (("#fff",) * 6, ()), (("#fff",), (1, 2)), (("#fff",), (0,))]:
        with pytest.raises(QueryError, match="palette"):
            PaletteEntry(colors, shares)


def test_spreads_are_made_once_for_each_question_and_do_not_pile_up(tmp_path):
    library = synthetic_library(tmp_path, 40, {"color": 8})
    sample, made = Sample(indexes.build(library)[0]), []

    def spread_for(number: int) -> Spread:
        made.append(number)
        return Spread(number, 1.0)

    for number in (1, 2, 1, 2):
        assert sample.kept(("color", number), lambda: spread_for(number)).mean == number
    assert made == [1, 2]
    for number in range(3 * KEPT):
        sample.kept(("color", number), lambda: spread_for(number))
    assert len(sample._made) <= KEPT


@pytest.mark.network
def test_what_is_kept_of_one_question_does_not_answer_another(searcher):
    """Asked one after the other, and each of a searcher that has been asked nothing."""
    asked = [(WordsEntry("balloon"),), (WordsEntry("balloon"), WordsEntry("cat", minus=True)), (WordsEntry("cat"),),
             (WordsEntry("balloon cat"),), (WordsEntry("cat"), WordsEntry("balloon", minus=True)), (WordsEntry("balloon"),)]
    for entries in asked:
        query = Query(entries, {"efficientnet": 1}, top_k=10, written=False)
        fresh, found = (one.search(query) for one in (Searcher(searcher.library), searcher))
        assert found.scale == fresh.scale and [m.id for m in found.matches] == [m.id for m in fresh.matches]


def test_what_lacks_an_embedding_counts_there_as_the_average(tmp_path):
    """Where cosines by one embedding are low for all, images without it do not come first for that."""
    library = synthetic_library(tmp_path, 200, {"color": 12, "sift": 12})
    for name, lift in (("color", 3.0), ("sift", 0.0)):  # by color all are alike, by sift none is
        ids, rows = library.vectors(name)
        rows = rows + lift * np.eye(12)[0]
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        kept = np.ones(200, bool) if name == "color" else ids % 4 != 0
        library.set_embedding(name, f"{name}/other", 12, {})
        library.store([], {name: (f"{name}/other", ids[kept].tolist(), rows[kept].astype(np.float32))})
    indexes.build(library)
    searcher = Searcher(library)
    lacking, first = set(range(4, 201, 4)), []
    for image in (1, 2, 3, 77, 150):
        vectors = {name: library.vectors(name, [image])[1][0] for name in ("color", "sift")}
        result = searcher.search(Query((VectorsEntry(vectors),), {"color": 1, "sift": 1}, top_k=200))
        scores = [match.score for match in result.matches]
        assert scores == sorted(scores, reverse=True) and len(scores) == 200
        first += [match.id in lacking for match in result.matches[:20]]
        mean = float((library.vectors("sift")[1] @ vectors["sift"]).mean())
        one = next(match for match in result.matches if match.id in lacking)
        assert one.score == pytest.approx((one.parts["color"] + mean) / 2, abs=1e-4) and set(one.parts) == {"color"}
    assert np.mean(first) < 0.5


@pytest.mark.network
def test_the_command_line_takes_words_and_pictures(searcher, pictures, made_library):
    """A name of a file that is there is a picture, any other is words; --not is a minus."""
    def ask(*given):
        done = CliRunner().invoke(main, ["search", *map(str, given), "--data", str(made_library), "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout), done.stderr

    file = sorted(pictures.rglob("*.jpg"))[0]
    result, said = ask("orange balloon", "--top-k", 3)
    expected = searcher.search(Query((WordsEntry("orange balloon"),), top_k=3))
    assert [match["id"] for match in result["matches"]] == [match.id for match in expected.matches] and not said
    assert set(result["scale"]) == {"color", "efficientnet"} and set(result["scale"]["color"]) == {"mean", "deviation", "steep"}
    image = searcher.library.image_at(file).id
    result, said = ask(file, "blu zzyzx", "--not", "green", "--palette", "#102030=2,#fff", "--top-k", 3)
    assert "“blu” is not known here. Did you mean “blue”" in said and "zzyzx" in result["unknown"]
    entries = (ImageEntry(image), PaletteEntry(("#102030", "#ffffff"), (2, 1)), WordsEntry("green", minus=True))
    expected = searcher.search(Query(entries, top_k=3))
    assert [match["id"] for match in result["matches"]] == [match.id for match in expected.matches]
    for given, told in (
        (["nowhere.jpg"], "There is no file"), (["zzyzx"], "not known here"), ([], "at least one"),
        (["--palette", "red"], "written as #rrggbb"), (["--palette", "#fff=x"], "no share"),
    ):
        done = CliRunner().invoke(main, ["search", *given, "--data", str(made_library)])
        assert done.exit_code == 1 and told in done.output, done.output


@pytest.mark.network
def test_what_is_written_ranks_beside_what_is_seen(library):
    notes.tag(library, [5, 6, 7], "Anna")
    notes.tag(library, [6, 50], "sunburst balloon")
    searcher = Searcher(library)

    def ask(*entries, **rest):
        return searcher.search(Query(entries, top_k=60, **rest))

    named = ask(WordsEntry("anna"))
    assert [match.id for match in named.matches] == [5, 6, 7] and named.unknown == {}
    assert {match.written for match in named.matches} == {"tag"} and named.matches[0].parts == {}
    blue = ask(WordsEntry("blue photo of Anna"))  # one is known, the other has to be written
    assert {match.id for match in blue.matches} == {5, 6, 7} and set(blue.matches[0].parts) == {"color"}
    order = [match.id for match in ask(WordsEntry("blue"), written=False).matches if match.id in (5, 6, 7)]
    assert [match.id for match in blue.matches] == order
    left_out = ask(WordsEntry("blue"), WordsEntry("anna", minus=True))
    assert {5, 6, 7}.isdisjoint(match.id for match in left_out.matches) and len(left_out.matches) == 57
    seen = ask(WordsEntry("balloon"), written=False)
    both = {match.id: match for match in ask(WordsEntry("balloons")).matches}
    plain = {match.id: match.score for match in seen.matches}
    assert {i for i, match in both.items() if match.written == "tag"} == {6, 50}
    assert all(both[i].score > plain[i] and both[i].score > 0.5 for i in (6, 50))
    assert ask(WordsEntry("anna"), filter=Filter(ids=(6, 7, 8), exclude=(7,))).matches[0].id == 6
    assert len(ask(WordsEntry("anna"), filter=Filter(ids=(6, 7, 8), exclude=(7,))).matches) == 1
    assert [match.id for match in searcher.search(Query((WordsEntry("anna"),), top_k=2, offset=2)).matches] == [7]


def test_pictures_of_the_sample_gallery_have_the_colors_they_were_painted_with(tmp_path):
    called = {name: [color for color, is_so in zip(color_words.PLAIN, judging.of_palette(name)) if is_so] for name in gallery.PALETTES}
    assert called == {
        "ember": ["red", "orange"], "lagoon": ["teal", "blue"], "moss": ["green"], "dusk": ["purple", "pink"], "glacier": ["blue"],
        "ochre": ["brown"], "orchid": ["purple", "pink"], "graphite": ["gray"],
    }  # fmt: skip
    library = synthetic_library(tmp_path / "data", 3, {"shape": 8})
    (tmp_path / ".gallery.json").write_text(json.dumps({"version": gallery.VERSION}))
    (tmp_path / "truth.csv").write_text("path,palette\nflower/a.jpg,moss\nflower/b.jpg,dusk\n")
    root = library.add_root(str(tmp_path))
    for image, path in enumerate(("flower/a.jpg", "flower/b.jpg", "flower/c.jpg"), 1):
        library.db.execute("UPDATE images SET root_id = ?, path = ?, label = 'flower' WHERE id = ?", [root, path, image])
    known = judging.known(library)
    assert known.thing.tolist() == ["flower"] * 3 and known.of("green").tolist() == [True, False, False]
    assert known.of("pink").tolist() == known.of("purple").tolist() == [False, True, False]
    assert not known.colors[2].any(), "no thumbnail, and nobody who knows"


@pytest.mark.network
def test_words_are_judged_by_labels_and_pixels(searcher):
    figures = judging.evaluate(searcher.library)
    labels = {row.id: row.label for row in searcher.library.images()}
    assert {"thing", "color and thing", "picture and word"} <= set(figures)
    for row in figures["thing"]["queries"]:
        found = searcher.search(Query((WordsEntry(row["query"]),), top_k=10, written=False)).matches
        right = [imagenet.find(labels[match.id].replace("-", " ")) for match in found]
        hits = [thing is not None and thing.name == row["query"] for thing in right]
        if any(hits):  # else the label names it by its last word
            assert row["precision_at_10"] == round(float(np.mean(hits)), 4)
    for kind in figures.values():
        assert 1 <= len(kind["queries"]) <= 10 and len(kind["queries"]) <= kind["count"]
        assert all(row["right"] >= 2 for row in kind["queries"])
        assert all(0 <= row["r_precision"] <= 1 for row in kind["queries"])
    assert "R-prec." in judging.as_text(figures)


def test_what_is_typed_is_completed(library):
    """By colors, everyday words, classes, and what is written; what the library has comes first."""
    notes.tag(library, [1, 2], "Dresden")
    notes.collect(library, "drafts", [3])

    def ways(text):
        return [(one.text, one.kind) for one in complete(library, text)]

    assert ways("red dres")[0] == ("red dress", "thing") and ("red Dresden", "tag") in ways("red dres")
    assert ("drafts", "collection") in ways("dr") and len(ways("d")) == 10
    assert ways("black an")[0] == ("black and white", "color")
    assert ("dog -white wolf", "thing") in ways("dog -white w") or ("dog -white wolf", "thing") in ways("dog -white wo")
    assert ways("hot air ba")[0] == ("balloon", "thing") and complete(library, "re")[0].color.startswith("#")
    assert ways("") == ways("red ") == ways("zzyzx") == [] and ways("100%") == ways("a_b\\") == []
    notes.untag(library, [1, 2], "Dresden")
    assert ("Dresden", "tag") not in ways("dres")
