"""Reviewing copies: decisions stay, hold whatever is found later, and what is taken along is what was decided."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.duplicates import Group, Pair, Reason, kept, sides, taking
from pipeline.duplicates.apart import Apart
from pipeline.duplicates.groups import _Stars
from pipeline.duplicates.review import ACROSS, ANYWHERE, APART, INSIDE, OPEN, SETTLED, Reviewer, folder_of
from pipeline.duplicates.selection import ALL, DECIDED, Selection
from pipeline.duplicates.similar import near, stars
from pipeline.errors import NoteError, QueryError
from pipeline.extraction import folders
from pipeline.extraction.scan import scan
from pipeline.library import Library, notes
from pipeline.library.notes import Decision
from tests.conftest import synthetic_library, tiny_picture


def group(library: Library, best: int, *others: int) -> Group:
    rows = library.images_by_id([best, *others])
    pairs = tuple(Pair(best, other, Reason("saved again", f"{best} like {other}")) for other in others)
    return Group(tuple(rows[image] for image in sorted(rows)), best, pairs)


def reviewed(library: Library, *groups: Group, where: str = ANYWHERE) -> list:
    return Reviewer(library).copies(groups, where)


@pytest.fixture
def files(tmp_path) -> tuple[Library, Path]:
    """A library of files with names that a shell would take amiss, known by a scan alone."""
    folder = tmp_path / "pictures"
    names = ["a/one.png", "a/it's \"two\".png", "b/$(touch x).png", "b/-n.png", "b/line\nbreak.png", os.fsdecode(b"b/\xff.png")]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(tiny_picture(number))
    library = Library(tmp_path / "data", create=True)
    scan(library, folder)
    return library, folder


def test_decisions_stay_when_files_are_renamed_and_folders_scanned_anew(files):
    library, folder = files
    at = {row.path: row.id for row in library.images()}
    one, two, other = at["a/one.png"], at["a/it's \"two\".png"], at["b/-n.png"]
    notes.settle(library, [two], [one])
    notes.part(library, [[two], [other]])
    (folder / "a/one.png").rename(folder / "b/renamed.png")
    (folder / "b").rename(folder / "c")
    scan(library, folder)
    assert {row.path for row in library.images()} >= {"c/renamed.png", "c/-n.png"}
    settled, apart = notes.decisions(library)
    assert settled.parts == {one: notes.ASIDE, two: notes.KEPT} and apart.parts == {two: 0, other: 1}
    found, none = reviewed(library, group(library, one, two))
    assert found.state == SETTLED and found.keep == {two}
    assert none.state == APART and set(none.ids) == {two, other}  # not found any more, and can be taken back
    assert reviewed(library, group(library, two, other)) == [replace(none, pairs=group(library, two, other).pairs)]
    # A copy that comes later opens the group again, and what was decided is suggested.
    again = reviewed(library, group(library, one, two, other + 1))[0]
    assert again.state == OPEN and again.keep == {two}
    library.db.execute("DELETE FROM images WHERE id = ?", [two])  # forgotten: of one picture alone nothing is said
    assert notes.decisions(library) == [] and library.db["copy_decisions"].count == 0


@pytest.mark.parametrize("seed", range(20))
def test_who_is_no_copy_of_one_picture_is_found_beside_another(seed):
    """Whatever else is decided: no two are together that are no copies, and nobody is left whom another one left explains."""
    draw = np.random.default_rng(seed)
    truth = {tuple(sorted(pair)): Reason("part", "said") for pair in draw.integers(1, 25, (45, 2)).tolist() if pair[0] != pair[1]}
    some = draw.permutation(np.arange(1, 25)).tolist()
    decided = [Decision(APART, {image: at // 3 for at, image in enumerate(some[:9])}, ""), Decision(APART, {some[9]: 0, some[10]: 1}, "")]
    decided.append(Decision(SETTLED, {some[11]: 1, some[12]: 0}, ""))
    apart = {frozenset(pair) for one in decided[:2] for pair in combinations(one.parts, 2) if len({one.parts[i] for i in pair}) > 1}
    known = {pair: None if frozenset(pair) in apart else reason for pair, reason in truth.items()}
    found = _Stars(known, {}, lambda one, other: truth.get((one, other)), Apart(decided), ()).found()
    together = [{best, *(pair.other for pair in pairs)} for best, pairs in found.items()]
    assert found and not apart & {frozenset(pair) for ids in together for pair in combinations(ids, 2)}
    assert all((min(pair.one, pair.other), max(pair.one, pair.other)) in truth for pairs in found.values() for pair in pairs)
    alone = set(range(1, 25)) - set().union(*together)
    assert not [pair for pair in truth if set(pair) <= alone and frozenset(pair) not in apart]


def test_the_large_one_explains_what_a_small_one_may_not_and_is_looked_at_by_points_too():
    """The small ones have the most copies; the pair of which one looked by its hash alone was none by that."""
    alike = Reason("saved again", "said", closely=True)
    known = {(1, 2): alike, (1, 3): alike, (1, 4): alike, (1, 5): alike, (2, 5): None}
    size = {1: 100, 2: 100, 3: 100, 4: 100, 5: 400}
    for looked, explained in ((), {1, 2, 3, 4}), ({(2, 5)}, {1, 3, 4}):
        found = _Stars(dict(known), size, lambda one, other: alike, Apart([]), looked).found()
        assert {best: {pair.other for pair in pairs} for best, pairs in found.items()} == {5: explained}


@pytest.mark.parametrize("seed", range(8))
def test_pictures_that_are_no_copies_are_never_in_one_group(tmp_path, seed):
    """Whatever groups are found and whatever is decided on parts of them; each decision taken back leaves nothing."""
    library, draw = synthetic_library(tmp_path, 40, {"color": 4}), np.random.default_rng(seed)
    order = draw.permutation(np.arange(1, 41)).tolist()
    groups = [group(library, *order[at : at + size]) for at, size in ((0, 2), (2, 9), (11, 5), (16, 12), (28, 12))]
    before = reviewed(library, *groups)
    assert [one.ids for one in before if one.state != OPEN] == []
    apart: set[frozenset[int]] = set()
    undone, memo = [], {}
    for _ in range(6):
        some = draw.choice(order, size=6, replace=False).tolist()
        made, replaced = notes.part(library, [some[:1], some[1:3], some[3:]])
        undone.append((made, replaced))
        apart |= {frozenset((a, b)) for a, b in combinations(some, 2) if made.parts[a] != made.parts[b]}
        # Of groups that nothing else was decided on what came of them is remembered: the same as looking at all of them.
        assert Reviewer(library).copies(groups, memo=memo) == reviewed(library, *groups)
    kept_one, *others = next(one.ids for one in reviewed(library, *groups) if one.state == OPEN)
    for change, back in (
        (lambda: notes.settle(library, [kept_one], others), lambda: notes.withdraw(library, [kept_one, *others])),
        (lambda: notes.set_reference(library, "/nowhere", "folder3", True), lambda: notes.set_reference(library, "/nowhere", "folder3", False)),
    ):
        for act in (change, back):
            act()
            assert Reviewer(library).copies(groups, memo=memo) == reviewed(library, *groups)
    shown = [one for one in reviewed(library, *groups) if one.state != APART]
    assert not apart & {frozenset(pair) for one in shown for pair in combinations(one.ids, 2)}
    every = [image for one in shown for image in one.ids]
    assert len(every) == len(set(every)) and all(len(one.images) > 1 for one in shown)
    for one in shown:  # what is no copy of something has still a reason to stand there
        assert {pair.other for pair in one.pairs} | {one.best} == set(one.ids)
        assert {pair.one for pair in one.pairs} <= set(one.ids)
    untouched = [found for found in groups if not apart & {frozenset(p) for p in combinations([r.id for r in found.images], 2)}]
    assert {frozenset(row.id for row in found.images) for found in untouched} <= {frozenset(one.ids) for one in shown}
    for made, replaced in reversed(undone):
        notes.restore_decisions(library, [made], replaced)
    assert reviewed(library, *groups) == before


def test_a_new_decision_takes_the_place_of_those_on_the_same_pictures(tmp_path):
    library = synthetic_library(tmp_path, 6, {"color": 4})
    notes.settle(library, [1], [2])
    notes.part(library, [[1], [2], [3]])  # what was settled of them holds no more
    assert [one.verdict for one in notes.decisions(library)] == [APART]
    made, replaced = notes.settle(library, [3], [1, 2])
    assert [one.verdict for one in replaced] == [APART] and [one.state for one in reviewed(library, group(library, 1, 2, 3))] == [SETTLED]
    assert notes.withdraw(library, [1, 2]) == [] and notes.withdraw(library, [1, 2, 3, 4]) == [made]
    for wrong in (lambda: notes.settle(library, [], [1, 2]), lambda: notes.settle(library, [1], [99]), lambda: notes.part(library, [[1, 2]])):
        with pytest.raises(NoteError):
            wrong()
    assert notes.decisions(library) == []


def test_groups_are_narrowed_by_folders_kinds_and_state_as_by_hand(tmp_path):
    library = synthetic_library(tmp_path, 28, {"color": 4})  # image n lies in folder n mod 7
    groups = [group(library, 7, 14, 1), group(library, 2, 9), group(library, 3, 10, 17, 4, 11), group(library, 5, 6)]
    of = reviewed(library, *groups)
    across = reviewed(library, *groups, where=ACROSS)
    assert [set(one.ids) for one in across] == [{7, 14, 1}, {3, 10, 17, 4, 11}, {5, 6}]
    assert [one.keep for one in across] == [{1}, {3, 10, 17}, {5}]  # what lies in one folder is no reason to set it aside
    inside = reviewed(library, *groups, where=INSIDE)
    assert [set(one.ids) for one in inside] == [{7, 14}, {2, 9}, {3, 10, 17}, {4, 11}]
    notes.settle(library, [4], [11])  # settled inside its folder, and open beyond
    assert [one.state for one in reviewed(library, *groups, where=INSIDE)] == [OPEN, OPEN, OPEN, SETTLED]
    assert [one.state for one in reviewed(library, *groups)] == [OPEN] * 4
    notes.withdraw(library, [4, 11])
    for one in inside:
        assert len({folder_of(row) for row in one.images}) == 1 and one.keep & set(one.ids)
        assert {pair.other for pair in one.pairs} | {one.best} == set(one.ids)
    assert Selection(kinds=frozenset({"turned"})).of(of) == []
    assert [len(one.images) for one in Selection(order="most").of(of)] == [5, 3, 2, 2]
    figures = {
        "date": lambda rows: -max(row.mtime for row in rows), "oldest": lambda rows: min(row.mtime for row in rows),
        "size": lambda rows: -max(row.size for row in rows),
    }
    aged = [replace(one, images=tuple(replace(row, mtime=row.id * 5 % 28, size=row.id * 9 % 28) for row in one.images)) for one in of]
    for by, figure in figures.items():
        found = [figure(one.images) for one in Selection(order=by).of(aged)]
        assert found == sorted(found) and len(set(found)) > 1
    assert [one.images[0].path for one in Selection(order="name").of(of)] == sorted(
        (one.images[0].path for one in of), key=lambda path: path.split("/")[-1])
    # What lies in folders of reference is kept, and a group of these alone is nothing to decide on.
    notes.set_reference(library, "/nowhere", "folder2", True)
    notes.set_reference(library, "/nowhere", "folder4", True)
    of = reviewed(library, *groups)
    assert [one.ids for one in Selection().of(of)] == [of[0].ids, of[2].ids, of[3].ids]
    assert of[2].keep == {4, 11} and of[2].references == {4, 11}
    notes.settle(library, [7], [14, 1])
    of = reviewed(library, *groups)
    assert [set(one.ids) for one in Selection(state=DECIDED).of(of)] == [{7, 14, 1}]
    assert len(Selection(state=ALL).of(of)) == 4
    with pytest.raises(QueryError):
        reviewed(library, *groups, where="there")
    for wrong in (Selection(state="x"), Selection(order="x")):
        with pytest.raises(QueryError):
            wrong.of(of)


def test_of_pictures_with_something_laid_over_the_other_is_suggested_also_once_kept(tmp_path):
    library = synthetic_library(tmp_path, 4, {"color": 4})
    rows = library.images_by_id([1, 2])
    found = Group((rows[1], rows[2]), 1, (Pair(1, 2, Reason("laid over", "said", added=1)),))  # the first would be
    kept._keep(library, [found], np.zeros((0, 2), np.int64), np.zeros(0, np.float32), library.generation())
    for groups in ([found], kept.read(library).groups):
        (one,) = reviewed(library, *groups)
        assert one.keep == {2} and one.ids == (2, 1)


def test_a_split_leaks_where_a_group_is_on_both_sides(tmp_path):
    library = synthetic_library(tmp_path, 28, {"color": 4})
    groups = reviewed(library, group(library, 7, 14, 1), group(library, 2, 9), group(library, 3, 10, 17, 4))
    for left, right, found in (
        ("label:folder0", "label:folder1", [{7, 14, 1}]), ("folder:folder3", "folder:folder4/", [{3, 10, 17, 4}]),
        ("folder:folder", "label:folder1", []), ("label:folder2", "label:folder2", [{2, 9}]),
    ):
        split = tuple(sides.side(text, {}) for text in (left, right))
        assert [set(one.ids) for one in Selection(state=ALL, split=split).of(groups)] == found
    with pytest.raises(QueryError):
        sides.side("train", {})
    for text in ("label:folder9", "folder:folder", "label:folder0/"):  # else nothing would be on both sides
        with pytest.raises(QueryError, match="No image is of.*label:folder0, label:folder1.*and 6 more"):
            sides.side_of(library, text, {})
    assert sides.side_of(library, "folder:folder4/", {})(library.image(4)) and sides.side_of(library, "label:folder0", {})(library.image(7))
    refused = CliRunner().invoke(main, ["duplicates", "--between", "label:folder0", "label:trian", "--data", str(library.data)])
    assert refused.exit_code == 1 and "label:trian" in refused.stderr
    assert sides.named(("/forgotten", "a/b"), {"/x": "x", "/y": "y"}) == "a/b"
    named = sides.folders(library, {})
    assert {name: one.images for name, one in named.items()} == {f"folder{n}": 4 for n in range(7)}
    assert sides.offered({"a": 3, "test": 2}, {"x/train": sides.Named([], 1)})[:2] == [("label:test", 2), ("folder:x/train", 1)]


def test_similar_images_are_grouped_around_one_and_only_from_the_score_asked_for():
    pairs = np.array([[1, 2], [2, 3], [3, 4], [5, 6]])
    scores = np.array([0.99, 0.95, 0.9, 0.85], np.float32)
    assert stars(near(pairs, scores, 0.95)) == [(2, {1: pytest.approx(0.99), 3: pytest.approx(0.95)})]
    found = stars(near(pairs, scores, 0.8))
    assert [(best, set(others)) for best, others in found] == [(2, {1, 3}), (5, {6})]  # 4 is like 3, not like 2


def test_without_the_one_that_all_are_like_similar_images_are_those_that_are_like_one_another(tmp_path):
    """What lies in another folder, was parted, or is away has no score to be shown."""
    library = synthetic_library(tmp_path, 8, {"color": 4})
    for image in (1, 6):
        library.db.execute("UPDATE images SET path = 'elsewhere/' || id WHERE id = ?", [image])
    library.db.execute("UPDATE images SET path = 'here/' || id WHERE id NOT IN (1, 6)")
    pairs = np.array([[1, 2], [1, 3], [1, 4], [3, 4], [2, 3]])
    scores = np.array([0.99, 0.95, 0.9, 0.85, 0.62], np.float32)

    def groups(where: str = ANYWHERE) -> list:
        found = Reviewer(library).alike(library, pairs, scores, 0.8, where)
        return [(one.best, set(one.ids), {k: round(v, 2) for k, v in one.scores.items()}) for one in found if one.state == OPEN]

    assert groups() == [(1, {1, 2, 3, 4}, {2: 0.99, 3: 0.95, 4: 0.9})]
    assert groups(INSIDE) == [(3, {3, 4}, {4: 0.85})]
    notes.part(library, [[1], [2, 3, 4]])
    assert groups() == [(3, {3, 4}, {4: 0.85})]
    notes.restore_decisions(library, notes.decisions(library), [])
    library.mark(1, "missing")
    assert groups() == [(3, {3, 4}, {4: 0.85})]


def test_the_script_moves_what_is_set_aside_and_nothing_that_has_changed(files, tmp_path):
    library, folder = files
    at = {row.path: row.id for row in library.images()}
    names = list(at)
    first, others = at["a/one.png"], [image for name, image in at.items() if name != "a/one.png"]
    notes.settle(library, [first], others[:4])
    notes.settle(library, [first, others[4]], [])
    groups = reviewed(library, group(library, first, *others[:4]))
    script = tmp_path / "set-aside.sh"
    script.write_bytes(taking.script(library, groups))
    target = tmp_path / "aside"

    def run(*more: str) -> str:
        done = subprocess.run(["sh", str(script), *more], cwd=tmp_path, capture_output=True, check=True)
        return os.fsdecode(done.stdout)

    def there(where: Path) -> set[str]:
        return {file.relative_to(where).as_posix() for file in where.rglob("*") if file.is_file()}

    assert "4 would be moved, 0 left where they are, 0 moved before" in run() and there(folder) == set(names)
    aside = {library.image(image).path for image in others[:4]}
    changed = sorted(aside)[0]
    (folder / changed).write_bytes(b"something else")
    assert "3 moved, 1 left" in run("--move", str(target))
    assert there(target) == aside - {changed} and there(folder) == set(names) - aside | {changed}
    assert not (tmp_path / "x").exists() and not (folder / "x").exists()  # no name was taken for a command
    assert "0 moved, 1 left where they are, 3 moved before" in run("--move", str(target))
    scan(library, folder)  # what was moved away is not asked about again
    assert notes.decisions(library)[0].parts[first] == notes.KEPT


def test_of_pictures_in_stores_the_script_says_that_they_stay(files, tmp_path):
    library, folder = files
    stored = tmp_path / "stored"
    stored.mkdir()
    for number in range(3):
        (stored / f"it's {number}.png").write_bytes(tiny_picture(50 + number))
    scan(library, stored)
    library.db.execute("UPDATE roots SET path = 's3://bucket/photos' WHERE path = ?", [str(stored)])
    *here, first, second, third = library.images()
    notes.settle(library, [first.id, here[0].id], [second.id, here[1].id])  # one of two that are kept is here
    notes.settle(library, [third.id], [here[2].id])
    groups = reviewed(library, group(library, first.id, second.id, here[0].id, here[1].id), group(library, third.id, here[2].id))
    script = tmp_path / "set-aside.sh"
    script.write_bytes(taking.script(library, groups))
    assert b"# 1 file to set aside" in script.read_bytes()
    done = subprocess.run(["sh", str(script), "--move"], capture_output=True, check=True)
    assert b"1 moved, 2 left" in done.stdout
    assert set(done.stderr.decode().splitlines()) == {
        "stays, it lies in a store: s3://bucket/photos/it's 1.png", f"stays, what is kept lies in a store: {here[2].place}"}
    (moved,) = [file for file in (folder.parent / f"{folder.name} - set aside").rglob("*") if file.is_file()]
    assert moved.name == Path(here[1].path).name and not here[1].file.exists() and here[2].file.exists()


def test_a_file_whose_kept_copy_is_gone_stays(files, tmp_path):
    library, folder = files
    first, second = library.images()[:2]
    notes.settle(library, [first.id], [second.id])
    script = tmp_path / "set-aside.sh"
    script.write_bytes(taking.script(library, reviewed(library, group(library, first.id, second.id))))
    first.file.unlink()
    done = subprocess.run(["sh", str(script), "--move", str(tmp_path / "aside")], capture_output=True, check=True)
    assert b"0 moved, 1 left" in done.stdout and second.file.exists()


def test_what_was_forgotten_since_is_not_moved(files, tmp_path):
    library, folder = files
    first, second = library.images()[:2]
    notes.settle(library, [first.id], [second.id])
    groups = reviewed(library, group(library, first.id, second.id))
    folders.forget(library, folder)
    script = tmp_path / "set-aside.sh"
    script.write_bytes(taking.script(library, groups))
    done = subprocess.run(["sh", str(script), "--move", str(tmp_path / "aside")], capture_output=True, check=True)
    assert b"0 moved, 0 left" in done.stdout and second.file.exists()


def test_the_table_says_of_each_image_what_becomes_of_it(tmp_path):
    library = synthetic_library(tmp_path, 8, {"color": 4})
    library.db.execute("UPDATE images SET path = '=cmd|x/1.jpg' WHERE id = 1")
    notes.settle(library, [2], [1])
    rows = list(csv.DictReader(io.StringIO(taking.table(reviewed(library, group(library, 1, 2), group(library, 3, 4)), {}))))
    assert [(row["group"], row["image_id"], row["kept"], row["state"]) for row in rows] == [
        ("1", "2", "yes", "settled"), ("1", "1", "no", "settled"), ("2", "3", "yes", "open"), ("2", "4", "no", "open")]
    assert rows[1]["path"] == "'=cmd|x/1.jpg" and rows[0]["reason"] == "1 like 2" and rows[0]["like"] == "1"


def test_what_was_found_is_kept_as_far_as_its_images_are_there(tmp_path):
    library = synthetic_library(tmp_path, 12, {"color": 4})
    twins = Group(tuple(library.images_by_id([1, 2, 3, 4]).values()), 1, (
        Pair(1, 2, Reason("part", "12 points")), Pair(1, 3, Reason("same file", "identical file")), Pair(2, 4, Reason("same file", "identical file"))))
    found = [twins, group(library, 6, 7), group(library, 8, 9)]
    kept._keep(library, found, np.array([[10, 11]]), np.array([0.9], np.float32), library.generation())
    read = kept.read(library)
    assert read.groups == found and read.current and read.similar.tolist() == [[10, 11]]
    library.mark(1, "missing")
    library.mark(6, "missing")
    library.db.execute("DELETE FROM images WHERE id = 9")
    read = kept.read(library)
    assert [(one.best, [row.id for row in one.images]) for one in read.groups] == [(2, [2, 4])] and not read.current  # identical all the same
    (library.data / "duplicates" / "found.npz").write_bytes(b"damaged")
    assert kept.read(library) is None
