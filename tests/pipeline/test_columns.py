"""What is known of images by columns: filters and facets against a count of every image in plain Python."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline import columns
from pipeline.columns import categories, colors, facets, values
from pipeline.columns.categories import Categories
from pipeline.columns.conditions import OneOf
from pipeline.columns.values import Numbers, Texts
from pipeline.embeddings import color
from pipeline.errors import QueryError
from pipeline.library import Library, notes
from pipeline.pictures.metadata import Metadata
from tests.conftest import synthetic_library

COUNT = 300


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Library:
    """Images in nested folders, of many sizes and ages, with tags and collections, some of nothing."""
    library = synthetic_library(tmp_path_factory.mktemp("columns"), COUNT, {"color": 32})
    generator = random.Random(3)
    for image in range(1, COUNT + 1):
        folder = generator.choice(["", "a/", "a/b/", "a/b/c/", "d/", "ü, x=1/"])
        label = folder.rstrip("/").rpartition("/")[2] or None
        width, height = generator.choice([(640, 480), (480, 640), (500, 500), (2000, 300), (None, None)])
        taken = generator.choice([0, generator.uniform(8e8, 1.7e9)])
        library.db.execute(
            "UPDATE images SET path = ?, label = ?, width = ?, height = ?, size = ?, mtime = ? WHERE id = ?",
            [f"{folder}Picture {image}.{generator.choice(['jpg', 'JPEG', 'png'])}", label, width, height,
             int(10 ** generator.uniform(3, 8)), taken, image])
    for tag in ("red", "Blue", "a;b"):
        notes.tag(library, generator.sample(range(1, COUNT + 1), 80), tag)
    notes.collect(library, "Best", generator.sample(range(1, COUNT + 1), 40))
    notes.collect(library, "Empty", [1])
    notes.uncollect(library, "Empty", [1])
    library.facts.store(
        (image, Metadata(
            taken=f"{generator.randint(1998, 2022)}-0{generator.randint(1, 9)}-17T10:00:00.5+02:00",
            camera=generator.choice([None, "Canon, Inc.", "Nikon"]), iso=generator.choice([None, 100.0, 3200.0]),
            keywords=tuple(generator.sample(["sea", "Sun", "c=d"], generator.randint(0, 2))),
        )) for image in range(1, COUNT, 2)
    )
    library.mark(7, "unreadable", "for the test")
    return library


def plain(library: Library) -> list[dict]:
    """What is known of each image, one by one and without arrays."""
    found = []
    for row in library.images():
        folder = row.path.rpartition("/")[0]
        parts = folder.split("/") if folder else []
        told = library.facts.of(row.id).values
        ratio = row.width / row.height if row.width else None
        found.append({
            "label": {row.label} - {None}, "folder": {"/".join(parts[: i + 1]) for i in range(len(parts))},
            "tag": set(notes.tags_of(library, [row.id]).get(row.id, [])),
            "collection": set(notes.collections_of(library, row.id)),
            "shape": set() if ratio is None else {
                "panorama" if ratio >= 2 or ratio <= 0.5 else "square" if abs(ratio - 1) < 0.05
                else "landscape" if ratio > 1 else "portrait"},
            "type": {"JPEG" if row.path.lower().endswith(("jpg", "jpeg")) else "PNG"},
            "keyword": set(told.get("keyword", [])), "camera": {told.get("camera")} - {None},
            "taken": datetime.fromisoformat(told["taken"][:19] + "Z").timestamp() if "taken" in told else None,
            "iso": told.get("iso"),
            "size": float(row.size), "megapixels": row.width * row.height / 1e6 if row.width else None,
            "date": row.mtime or None, "file": row.path,
        })  # fmt: skip
    return found


def anything(generator: random.Random) -> tuple[columns.Condition, object]:
    """A condition, and whether an image in plain Python meets it."""
    name = generator.choice(["label", "folder", "tag", "collection", "shape", "size", "megapixels", "date", "file", "taken",
                             "keyword", "camera", "iso"])
    if name == "file":
        text = generator.choice(["jpg", "PICTURE 1", "b/c", "nowhere"])
        return columns.Contains(name, text), lambda one: text.casefold() in one["file"].casefold()
    if name in ("size", "megapixels", "iso"):
        low, high = sorted(generator.choice([[1e4, 1e6], [0.2, 0.3], [5e5, 2e7], [100, 200]]))
        return columns.Between(name, f"{low:g}", f"{high:g}"), lambda one: one[name] is not None and low <= one[name] <= high
    if name in ("date", "taken"):
        first, last = sorted(generator.choices(range(1996, 2024), k=2))
        start, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (first, last + 1))
        return columns.Between(name, str(first), str(last)), lambda one: one[name] is not None and start <= one[name] < end
    known = {"label": ["a", "b", "c", "d", "ü, x=1"], "folder": ["a", "a/b", "d", "ü, x=1"], "tag": ["red", "Blue", "a;b"],
             "collection": ["Best", "Empty"], "shape": ["portrait", "panorama"], "keyword": ["sea", "Sun", "c=d"], "camera": ["Canon, Inc.", "Nikon"]}[name]  # fmt: skip
    chosen = generator.sample([*known, columns.NONE], generator.randint(1, 2))
    return columns.OneOf(name, tuple(chosen)), lambda one: bool(one[name] & set(chosen)) or (
        columns.NONE in chosen and not one[name])


def test_filters_and_facets_are_those_of_counting_every_image(library):
    table, images = columns.of(library).now(), plain(library)
    generator = random.Random(11)
    for _ in range(150):
        given = [anything(generator) for _ in range(generator.randint(0, 4))]
        conditions = columns.parse(columns.printed(one for one, _ in given))
        passing = [all(meets(one) for _, meets in given) for one in images]
        mask = table.all_passing(conditions)
        assert (mask is None and not given) or mask.tolist() == passing, conditions
        found = facets.facets(table, conditions, list(columns.known(library)))
        assert found["passing"] == sum(passing) and found["total"] == COUNT - 1
        for name in ("label", "folder", "tag", "collection", "shape", "type", "keyword", "camera"):
            others = [meets for one, meets in given if one.column != name]
            rest = [one[name] for one in images if all(meets(one) for meets in others)]
            told = found["facets"][name]
            assert {value: count for value, count in told["values"] if count} == {
                value: sum(value in one for one in rest) for value in set().union(*rest)}, (name, conditions)
            assert told["none"] == sum(not one for one in rest)
        for name in ("size", "megapixels", "date", "taken", "iso"):
            others = [meets for one, meets in given if one.column != name]
            rest = [one[name] for one in images if all(meets(one) for meets in others)]
            told = found["facets"][name]
            assert sum(told["counts"]) == sum(one is not None for one in rest) and told["none"] == rest.count(None)


def test_the_bounds_of_a_bar_choose_its_images(library):
    table = columns.of(library).now()
    for name in ("size", "megapixels", "date", "taken"):
        told = facets.facets(table, [], [name])["facets"][name]
        assert 8 <= len(told["counts"]) <= 60, name
        for bar in range(len(told["counts"])):
            one = columns.Between(name, told["lows"][bar], told["highs"][bar])
            assert table.passing(one).sum() == told["counts"][bar], (name, one)
            picked = facets.facets(table, [one], [name])["facets"][name]["picked"]
            np.testing.assert_allclose(picked, [bar, bar + 1], atol=0.01)


def test_columns_follow_what_changes(library):
    notes.tag(library, [2, 3], "new")
    red = columns.parse("tag=new")
    assert columns.of(library).now().passing(red[0]).sum() == 2
    notes.untag(library, [3], "NEW")
    assert columns.of(library).now().passing(red[0]).sum() == 1
    library.mark(2, "unreadable", "for the test")
    assert len(columns.of(library).now()) == COUNT - 2
    with pytest.raises(QueryError, match="no tag “new”"):
        columns.of(library).now().passing(red[0])
    library.mark(2, "ok")


def test_outliers_do_not_squeeze_the_rest():
    dates = np.append(np.random.default_rng(0).uniform(1.5e9, 1.6e9, 1_000), [1.0, np.nan])
    bars = Numbers(dates, dates=True).bins
    assert len(bars.lows) > 10 and bars.lows[0] == "" and bars.highs[-1] != ""
    assert bars.counts()[0].sum() == 1_001 and bars.counts()[1] == 1
    few = Numbers(np.array([1.0, 2, 2, 5])).bins
    assert list(zip(few.lows, few.highs)) == [(str(i), str(i)) for i in range(1, 6)]


@pytest.mark.parametrize("figures", [[-1e308, 1e308], [0, 1.7e308], [1e-320, 1e308], [1, 2, -1.7e308], [1e300, 1e308]])
def test_figures_near_the_largest_that_there_are_have_bars(figures):
    for spread in (False, True):
        bars = Numbers(np.array(figures, np.float64), spread=spread).bins
        assert bars.counts()[0].sum() == len(figures) and np.isfinite(bars.edges).all() and (np.diff(bars.edges) >= 0).all()


@pytest.mark.parametrize("text, first, seconds", [
    ("2020", "2020-01-01", 366 * 86_400), ("2021-02", "2021-02-01", 28 * 86_400), ("1969-12-31", "1969-12-31", 86_400),
    ("2020-05-17 14:30", "2020-05-17T14:30", 60),
])  # fmt: skip
def test_a_date_stands_for_all_of_it(text, first, seconds):
    low, high = values.date_bounds(text, "date")
    start = datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()
    assert low == start and start + seconds - 1e-3 <= high < start + seconds


@pytest.mark.parametrize("text", ["2020-13", "20", "2020-02-30", "yesterday", "2020-5"])
def test_what_is_no_date_is_one_sentence(text):
    with pytest.raises(QueryError, match="is no date"):
        values.date_bounds(text, "date")


def test_painted_pictures_have_the_names_of_their_paint():
    paint = {"red": (200, 30, 30), "green": (40, 150, 60), "blue": (40, 80, 200), "yellow": (240, 210, 40), "white": (250, 250, 250),
             "black": (10, 10, 10), "gray": (128, 128, 128), "orange": (240, 140, 20), "brown": (110, 70, 40), "pink": (240, 130, 170)}
    for bins in (16, 24):
        extractor = color.ColorHistogram(color.ColorOptions(bins=bins))
        for name, rgb in paint.items():
            picture = np.full((60, 60, 3), rgb, np.uint8)
            picture[:30] = (250, 250, 250)
            found = colors.sets_of(extractor.encode([extractor.prepare(picture)]))[0]
            names = {one for code, one in enumerate(colors.NAMES) if found >> code & 1}
            assert name in names and len(names) <= 2, (bins, name, names)
            picture[:54] = (250, 250, 250)  # a tenth is no color of a picture
            few = colors.sets_of(extractor.encode([extractor.prepare(picture)]))[0]
            assert name in ("white", "gray") or not few >> colors.NAMES.index(name) & 1, (bins, name)


def test_values_are_told_and_sorted_as_people_read_them():
    some = categories.coded(["b", None, "A", "b"], 4)
    assert some.told(0) == "b" and some.told(1) is None and np.argsort(some.order)[:3].tolist() == [2, 0, 3]
    several = categories.grouped({"x": np.array([0, 2]), "y": np.array([2])}, 3)
    assert several.told(2) == ["x", "y"] and several.told(1) == [] and isinstance(several, Categories)
    assert np.argsort(Texts(["b", None, "a"]).order)[:2].tolist() == [2, 0]


def test_folders_may_lie_as_deep_as_a_path_is_long():
    deep = "/".join("a" * 2_000)
    found = categories.tree([deep, "", "a/b"], 3)
    assert len(found.names) == 2_001 and found.names[0] == "a" and found.names[-1] == "a/b"
    assert found.passing(OneOf("folder", ("a",)), "folder").tolist() == [True, False, True]
    counts, none = found.counts()
    assert counts[0] == 2 and counts[found.code("a/a")] == 1 and counts[-1] == 1 and none == 1
