"""A person's own table: who is met by which name, which kinds are found, what a second one replaces."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import FactsError
from pipeline.facts import bring, drop
from pipeline.facts.kinds import Census
from pipeline.library import Library

PATHS = {
    "/disk/photos": ["a.jpg", "beach/a.jpg", "beach/b.jpg", "beach/été.jpg", 'odd/"q", x;y\n.jpg', "odd/\udce9t\udce9.jpg", " s .jpg"],
    "/disk/scans": ["b.jpg", "c.jpg", "beach/a.jpg"],
    "s3://bucket/photos": ["far/away.jpg"],
}


@pytest.fixture
def named(tmp_path) -> Library:
    """Images without files, by strange names in two folders."""
    library = Library(tmp_path / "data", create=True)
    for root, paths in PATHS.items():
        number = library.add_root(root)
        for path in paths:
            path = os.fsencode(path) if "\udce9" in path else path
            library.db["images"].insert({"root_id": number, "path": path, "size": 1, "mtime": 0})
    return library


def table(folder, text: str, name: str = "t.csv") -> str:
    file = folder / name
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return file


def brought(library: Library, name: str) -> dict[int, list]:
    found: dict[int, list] = {}
    for image, value in zip(*(part.tolist() for part in library.facts.column(f"own.{name}"))):
        found.setdefault(image, []).append(value)
    return found


@pytest.mark.parametrize("name, image", [
    ("/disk/photos/beach/a.jpg", 2), ("photos/beach/a.jpg", 2), ("scans/beach/a.jpg", 10), ("beach/a.jpg", "several"),
    ("a.jpg", 1), ("b.jpg", 8), ("beach/b.jpg", 3), ("c.jpg", 9), ("./beach/../c.jpg", 9), ("beach\\b.jpg", 3),
    ("e\u0301te\u0301.jpg", 4), ("beach/été.jpg", 4), ('odd/"q", x;y\n.jpg', 5), ("odd/\udce9t\udce9.jpg", 6),
    ("\\xe9t\\xe9.jpg", 6), (" s .jpg", 7), ("ach/b.jpg", None), ("/beach/b.jpg", None), ("d.jpg", None), ("", None),
    ("s3://bucket/photos/far/away.jpg", 11), ("far/away.jpg", 11), ("s3://other/photos/far/away.jpg", None),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["csv", "lines"])
def test_an_image_is_met_by_its_path_or_as_much_of_it_as_tells_it_apart(named, tmp_path, name, image, kind):
    if kind == "csv":
        text = 'mark;"path"\n1;"c.jpg"\n2;"{}"\n'.format(name.replace('"', '""'))
    else:
        if "\udce9" in name:
            pytest.skip("JSON holds no bytes")
        text = json.dumps({"path": "c.jpg", "mark": 1}) + "\n" + json.dumps({"path": name, "mark": 2})
    told = bring(named, table(tmp_path, text))
    found = brought(named, "mark")
    assert told.rows == 2 and told.columns == {"mark": "number"}
    if isinstance(image, int):
        assert told.met == 2 and 2.0 in found[image] and not told.unmet
    else:
        assert told.met == 1 and found == {9: [1.0]} and (told.several if image else told.unmet) == [name]


def test_columns_get_their_kinds_and_their_words_are_found(named, tmp_path):
    text = (
        "file,price,bought,season,remark,zip,flag\n"
        "a.jpg,12.5,2024-05-01,Summer,A very long remark about grandmother's house by the sea with all of her many cats and dogs,01234,n/a\n"
        "c.jpg,n/a,1.12.2023,Winter,short,99999,3\n"
        "beach/b.jpg,-3e2,2024-06-07T08:09:10,Summer,,00001,4\n"
    )
    told = bring(named, table(tmp_path, "\ufeff" + text))
    assert told.columns == {"price": "number", "bought": "date", "season": "category", "remark": "text", "zip": "category", "flag": "number"}
    assert brought(named, "price") == {1: [12.5], 3: [-300.0]} and brought(named, "zip")[1] == ["01234"]
    assert named.facts.column("own.bought")[1].astype(str).tolist() == ["2024-05-01T00:00:00", "2024-06-07T08:09:10", "2023-12-01T00:00:00"]
    assert named.facts.find("grandmother cats") == [(1, 0.9, "remark")]
    assert named.facts.of(9).values == {
        "own.bought": ["2023-12-01T00:00:00"], "own.season": ["Winter"], "own.remark": ["short"], "own.zip": ["99999"], "own.flag": [3.0]}


def test_lists_give_several_values_and_odd_json_none_that_cannot_be_kept(named, tmp_path):
    rows = [{"name": "a.jpg", "seen": ["dog", "cat", None], "n": 1, "ok": True, "deep": {"x": [1]}},
            {"name": "c.jpg", "seen": [], "n": float("nan"), "ok": False, "\u0000": "x", "text": "\ud800 half"}]
    for name, text in (("t.json", json.dumps(rows)), ("t.jsonl", "\n".join(map(json.dumps, rows)))):
        told = bring(named, table(tmp_path, text, name))
        assert told.met == 2 and brought(named, "seen") == {1: ["cat", "dog"]} and brought(named, "n") == {1: [1.0]}
        assert brought(named, "ok") == {1: ["yes"], 9: ["no"]} and brought(named, "deep") == {1: ['{"x": [1]}']}
        assert brought(named, "text")[9][0].endswith("half")


def test_a_second_table_replaces_its_columns_and_leaves_the_others(named, tmp_path):
    bring(named, table(tmp_path, "path,Price,note\na.jpg,1,xylophone\nc.jpg,2,y\n"))
    told = bring(named, table(tmp_path, "path,price\nc.jpg,5\n"))
    assert told.columns == {"price": "number"} and brought(named, "price") == {9: [5.0]}
    assert brought(named, "note") == {1: ["xylophone"], 9: ["y"]}
    assert [column.title for column in named.facts.columns()] == ["price", "note"]
    assert named.facts.find("xylophone") == [(1, 0.9, "note")]
    with pytest.raises(FactsError, match="no column “nothing”"):
        drop(named, ["note", "nothing"])
    assert len(named.facts.columns()) == 2
    drop(named, ["own.NOTE"])
    assert [column.name for column in named.facts.columns()] == ["own.price"] and not named.facts.find("xylophone")


@pytest.mark.parametrize("shift", range(4))
def test_a_long_table_is_read_in_its_encoding_wherever_the_first_letter_beyond_ascii_comes(named, tmp_path, shift):
    """Whatever is looked at of it ends in the middle of a letter for three of four beginnings."""
    file = table(tmp_path, "path;what" + " " * shift + "\na.jpg;" + "京都" * 600_000 + "\nbeach/été.jpg;ok\n")
    bring(named, file)
    assert brought(named, "what") == {1: ["京都" * 600_000], 4: ["ok"]}
    late = tmp_path / "late.csv"
    late.write_bytes(("path;what\n" + "a.jpg;plain\n" * 120_000 + "beach/été.jpg;Grüße\n").encode("cp1252"))
    bring(named, late)
    assert brought(named, "what") == {1: ["plain"], 4: ["Grüße"]}
    bring(named, table(tmp_path, "path;what\nodd/\udce9t\udce9.jpg;Grüße aus München\n"))
    assert brought(named, "what") == {6: ["Grüße aus München"]}, "bytes of a name in a file that is UTF-8 else"


@pytest.mark.parametrize("text", [
    "sep=;\nfile;price;name\na.jpg;1,5;1,5 l\nc.jpg;-1.234,25;b\n", '"sep=\t"\r\nfile\tprice\tname\r\na.jpg\t1,5\t"1,5 l"\r\nc.jpg\t-1.234,25\tb\r\n',
    'file,"price","name"\na.jpg,1.5,"1,5 l"\nc.jpg,-1234.25,b\n', "file;price;name;;\na.jpg;1.5;1,5 l;;\nc.jpg;-1234,25;b;;\n",
    'file,"name","price"\n"a.jpg","1,5 l",1.5\nc.jpg,b,-1234.25\n', "\n \nfile;price;name\na.jpg;1,5;1,5 l\nc.jpg;-1234,25;b\n",
])  # fmt: skip
def test_tables_are_read_as_spreadsheets_write_them(named, tmp_path, text):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        file = tmp_path / "t.csv"
        file.write_bytes(text.encode(encoding))
        assert bring(named, file).columns == {"price": "number", "name": "category"}
        assert brought(named, "price") == {1: [1.5], 9: [-1234.25]} and brought(named, "name") == {1: ["1,5 l"], 9: ["b"]}


def test_a_separator_inside_quotes_is_none(named, tmp_path):
    assert bring(named, table(tmp_path, 'path,"size; in; px; or so"\na.jpg,3\n')).columns == {"size; in; px; or so": "number"}


@pytest.mark.parametrize("text", ["path,pr\udce9,été\na.jpg,3,Grüße\n", '[{"path": "a.jpg", "pr\\ud800": 3, "été": "Grüße"}]'])
def test_a_columns_name_may_hold_bytes_that_are_no_text(named, tmp_path, text):
    assert bring(named, table(tmp_path, text)).columns == {"pr?": "number", "été": "category"}
    assert brought(named, "pr?") == {1: [3.0]}


@pytest.mark.parametrize("text, more, said", [
    ("", {}, "holds no rows"), ("PK\3\4\x14\0\0\0a spreadsheet's own file", {}, "is no text"), ("path\na.jpg\n", {}, "no column besides"), ("path,x,x\na.jpg,1,2\n", {}, "two columns are called “x”"),
    ("path,x\nnowhere.jpg,1\n", {}, "None of the 1 rows"), ('{"path": "a.jpg", "x": 1}\n{"path"', {}, "cannot be read as a table"),
    ("[1, 2]", {}, "row 1 is no object"), ("sep=;\npath;x\na.jpg;1\nc.jpg;red\n", {"given": {"x": "number"}}, "“red” (row 4"), ("path,x\na.jpg,1\n", {"key": "y"}, "no column “y”"), ("path,x\na.jpg,1\n", {"only": ["y"]}, "no column “y”"),
    ("path,x\na.jpg,1\nc.jpg,red\n", {"given": {"x": "number"}}, "“red” (row 3"), ("path,x\na.jpg,1\n", {"given": {"x": "shape"}}, "no kind of column"),
])  # fmt: skip
def test_what_cannot_be_taken_is_one_sentence_and_changes_nothing(named, tmp_path, text, more, said):
    bring(named, table(tmp_path, "path,x\na.jpg,before\n"))
    with pytest.raises(FactsError) as error:
        bring(named, table(tmp_path, text, "bad.csv"), **more)
    assert said in str(error.value) and brought(named, "x") == {1: ["before"]}


@pytest.mark.parametrize("values, kind", [
    (["1", "2.5", "-3", ".5", "1e3"], "number"), (["1", "2", "x"], "category"), (["007", "008"], "category"),
    (["2024-02-30"], "category"), (["2024-05", "2024-06-01"], "date"), ([f"v{i}" for i in range(40)], "text"),
    ([f"v{i % 30}" for i in range(90)], "category"), (["a\nb"], "text"), (["n/a", "none"], "category"), ([], "category"),
])  # fmt: skip
def test_the_kind_is_the_narrowest_that_fits(values, kind):
    census = Census()
    for value in values:
        census.add(value)
    assert census.kind == kind


def test_the_command_tells_what_met_an_image_and_what_did_not(named, tmp_path):
    rows = "".join(f"gone{i}.jpg,{i}\n" for i in range(30))
    file = table(tmp_path, f"path,Size class\na.jpg,1\nbeach/a.jpg,2\n{rows}")
    ask = lambda *given: CliRunner().invoke(main, ["facts", *map(str, given), "--data", str(named.data)])
    said = ask(file, "--kind", "size class=category")
    assert said.exit_code == 0, said.output
    assert "1 of 32 rows met an image" in said.output and "Size class (category)" in said.output
    assert "gone19.jpg" in said.output and "gone20.jpg" not in said.output and "and 10 more" in said.output
    assert "1 rows could mean several images" in said.output
    assert "gone29.jpg" in ask(file, "--unmatched").output
    assert "Size class" in ask().output
    assert ask("--drop", "Size class").exit_code == 0 and ask().exit_code == 1
    assert ask(tmp_path / "nothing.csv").exit_code == 1
    refused = ask(table(tmp_path, "path,x\nb\udc81.jpg,1\n", "b.csv"))  # cp1252 has no letter for it
    assert refused.exit_code == 1 and "Error: None of the 1 rows" in refused.output
    assert "“b\\x81.jpg”" in named.db.execute("SELECT message FROM runs ORDER BY id DESC").fetchone()[0]
