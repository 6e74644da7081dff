"""A folder of camera and generated pictures, from the files to a person's questions: each field is found, searched, counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from pipeline import columns
from pipeline.cli import main
from pipeline.columns import facets
from pipeline.columns.values import CATEGORY, DATE, NUMBER
from pipeline.extraction import plan
from pipeline.library import Library
from pipeline.library.facts import KNOWN
from pipeline.library.schema.facts import WRITTEN
from pipeline.run import run
from pipeline.search import Query, Searcher, WordsEntry
from tests import metadata_pictures as made

NOT_SHOWN = {"problem", "orientation"}
"""How a file is turned shows in its shape, and what could not be read is told beside the facts."""
FIELDS = set(KNOWN) - {"keyword"} | {"keywords"}


@pytest.fixture(scope="module")
def described(tmp_path_factory) -> tuple[Library, dict[str, int], dict[str, dict]]:
    """The library of the folder after one run, its images by path, and what each file says."""
    place = tmp_path_factory.mktemp("described")
    expected = made.write(place / "pictures")
    library = Library(place / "data", create=True)
    plan.choose(library, "color,text")
    run(library, place / "pictures")
    return library, {row.path: row.id for row in library.images()}, expected


def told(library: Library) -> dict[int, dict[str, list]]:
    """What is kept of each image, by column, each value of several."""
    kept = library.facts.of_images([row.id for row in library.images()])
    return {i: {name: value if isinstance(value, list) else [value] for name, value in one.values.items()} for i, one in kept.items()}


def questions(name: str, value: object) -> Iterator[columns.Condition]:
    """How a person asks for one value of a column."""
    kind = KNOWN[name].kind
    if kind == NUMBER:
        yield columns.OneOf(name, (repr(value),))
        yield columns.Between(name, repr(value), repr(value))
    elif kind == DATE:
        yield columns.OneOf(name, (value[:10],))
    else:
        yield columns.OneOf(name, (value,)) if kind == CATEGORY else columns.Contains(name, value[:24].upper())


def test_every_field_is_kept_and_found_by_its_words(described):
    library, ids, expected = described
    assert set(ids) == set(expected) and len(ids) > 35
    seen, searcher = set(), Searcher(library)
    for path, said in expected.items():
        kept = library.facts.of(ids[path]).values
        for name, value in said.items():
            if name in NOT_SHOWN:
                continue
            column = "keyword" if name == "keywords" else name
            found = kept.get(column)
            if name == "keywords":
                found = tuple(sorted(found or ()))
                value = tuple(sorted(value))
            assert found == value, (path, name)
            if not value:
                continue
            seen.add(name)
            if name == "keywords" or name in WRITTEN:
                for text in value if name == "keywords" else [value]:
                    matches = searcher.search(Query((WordsEntry(f'"{text}"'),), top_k=len(ids))).matches
                    alike = {i for i, one in told(library).items() if text in one.get(column, ())}
                    assert ids[path] in alike <= {match.id for match in matches if match.written}, (path, name, text)
    assert seen == FIELDS, "a field that no picture of the folder has is not looked at"


def test_every_field_is_counted_and_narrows(described):
    library, ids, _ = described
    table, kept = columns.of(library).now(), told(library)
    names = [column.name for column in library.facts.columns()]
    assert set(names) == set(KNOWN)
    counted = facets.facets(table, [], names)["facets"]
    for name in names:
        values = Counter(value for one in kept.values() for value in one.get(name, ()))
        none = sum(name not in kept.get(i, {}) for i in ids.values())
        if KNOWN[name].kind == CATEGORY:
            assert dict(counted[name]["values"]) == values and counted[name]["none"] == none, name
        elif KNOWN[name].kind in (NUMBER, DATE):
            assert sum(counted[name]["counts"]) == values.total() and counted[name]["none"] == none, name
        for value in values:
            for asked in questions(name, value):
                passing = table.ids[table.all_passing(columns.parse(columns.printed([asked])))].tolist()
                begin = value[:10] if KNOWN[name].kind == DATE else value[:24] if isinstance(value, str) else value
                right = [i for i in sorted(ids.values()) if any(
                    one == value or isinstance(begin, str) and KNOWN[name].kind != CATEGORY and begin in one
                    for one in kept.get(i, {}).get(name, ()))]
                assert passing == right, asked


def test_a_table_of_ones_own_joins_and_all_of_it_is_asked_for_at_once(described, tmp_path):
    library, ids, _ = described
    table = tmp_path / "prices.csv"
    table.write_text("path,price,season\nmade/comfy.png,12.5,autumn\nmade/flux.png,7,autumn\ncamera/a.jpg,7,spring\n")
    data = ["--data", str(library.data)]
    done = CliRunner().invoke(main, ["facts", str(table), *data])
    assert done.exit_code == 0, done.output
    asked = ["search", "lighthouse dusk", "--where", "own.season=autumn;model=juggernaut_v9;own.price>10", "--json", *data]
    matches = json.loads(CliRunner().invoke(main, asked).stdout)["matches"]
    assert [(match["id"], match["written"]) for match in matches] == [(ids["made/comfy.png"], "prompt")]
    found = facets.facets(columns.of(library).now(), columns.parse("generator=ComfyUI"), ["own.season"])["facets"]["own.season"]
    assert found["values"][0] == ["autumn", 2] and dict(found["values"]).get("spring", 0) == 0
