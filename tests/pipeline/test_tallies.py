"""The figures that are kept say what counting all rows says, whatever happened in between."""

from __future__ import annotations

import random

import numpy as np
import pytest

from pipeline.errors import LibraryError
from pipeline.library import Library, hashes
from pipeline.library.schema.tallies import PRIME, recount
from tests.conftest import unit

TABLES = ("image_tallies", "vector_tallies")


def kept(library: Library) -> list[set]:
    return [{row for row in library.db.execute(f"SELECT * FROM {table}") if row[2]} for table in TABLES]


def counted(library: Library) -> list[set]:
    """What counting anew gives, which is taken back."""
    with pytest.raises(LibraryError), library.db.atomic():
        recount(library.db)
        found = kept(library)
        raise LibraryError
    return found


def directly(library: Library, name: str) -> tuple:
    """coverage and summary from the rows, by other statements than the program's."""
    ok = {row.id for row in library.images()}
    extractor = library.db.execute("SELECT extractor_id FROM embeddings WHERE name = ?", [name]).fetchone()[0]
    rows = [
        row for row in library.db.execute(
            "SELECT v.image_id, v.extractor_id, v.generation FROM vectors v JOIN embeddings e ON e.id = v.embedding_id "
            "WHERE e.name = ?", [name])
        if row[0] in ok
    ]
    current = [(image, g % PRIME) for image, made_by, g in rows if made_by == extractor]
    coverage = {"current": len(current), "stale": len(rows) - len(current), "missing": len(ok) - len(rows)}
    return coverage, (len(current), sum(g for _, g in current), sum(g * image % PRIME for image, g in current))


def any_change(library: Library, chance: random.Random) -> None:
    """One of all the ways in which images, vectors and embeddings come, change and go."""
    ids = [row[0] for row in library.db.execute("SELECT id FROM images")]
    some = chance.sample(ids, min(len(ids), 4))
    names = list(library.embeddings())
    action = chance.choice(["come", "state", "state", "store", "store", "store", "forget", "lose", "declare", "folder"])
    if action == "come" or not ids or not names:
        root = library.add_root(chance.choice(["/one", "/two", "/one/three"]))
        for _ in range(5):
            library.db.execute(
                "INSERT INTO images (root_id, path, size, mtime) VALUES (?, ?, 1, 1)", [root, str(chance.random())])
        library.set_embedding("color", f"color/{chance.randrange(3)}", 4, {})
        library.set_embedding("mine", None, 4, {})
    elif action == "state":
        for number in some:
            library.mark(number, chance.choice(["ok", "unreadable", "missing"]))
    elif action == "store":
        name = chance.choice(names)
        rows = unit(np.ones((len(some), 4)))
        by = None if name == "mine" else f"color/{chance.randrange(3)}"
        library.store([], {name: (by, some, rows)}, [(some[0], "unreadable", "broken")] if chance.random() < 0.2 else [])
    elif action == "forget":
        library.db.execute("DELETE FROM images WHERE id = ?", [some[0]])
    elif action == "lose":
        library.forget_vectors(some[:2])
    elif action == "declare":
        library.set_embedding("color", f"color/{chance.randrange(3)}", 4, {})
        if chance.random() < 0.2:
            library.rename_extractor("color/0", "color/1")
        if chance.random() < 0.1:
            library.drop_embedding(chance.choice(names))
    elif chance.random() < 0.5:
        library.remove_root(chance.choice(list(library.roots())))
    elif "/one" in library.roots():
        library.widen_root("/one", "/")


@pytest.mark.parametrize("seed", range(4))
def test_after_any_changes_the_figures_are_those_of_a_count(tmp_path, seed):
    library, chance = Library(tmp_path, create=True), random.Random(seed)
    for _ in range(120):
        any_change(library, chance)
        assert kept(library) == counted(library)
    states = [state for (state,) in library.db.execute("SELECT state FROM images")]
    assert library.counts() == {state: states.count(state) for state in ("ok", "unreadable", "missing")}
    for name in library.embeddings():
        assert (library.coverage(name), library.summary(name)) == directly(library, name)
    for root, count in library.roots().items():
        assert count == sum(row.root == root for state in ("ok", "unreadable") for row in library.images(state))


def test_what_is_asked_most_often_looks_at_no_row_of_an_image(tmp_path):
    library = Library(tmp_path, create=True)
    root = library.add_root("/one")
    rows = [(root, f"{number}.jpg") for number in range(2_000)]
    library.db.conn.executemany("INSERT INTO images (root_id, path, size, mtime) VALUES (?, ?, 1, 1)", rows)
    library.set_embedding("color", "color/1", 4, {})
    library.store([], {"color": ("color/1", range(1, 2_001), unit(np.ones((2_000, 4))))})
    for ask in (library.counts, library.roots, lambda: library.coverage("color"), lambda: library.summary("color")):
        assert steps_of(library, ask) < 50
    assert steps_of(library, lambda: library.images()) > 50  # what is counted here does grow with the rows


def steps_of(library: Library, ask) -> int:
    """Hundreds of steps that SQLite takes to answer."""
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    library.db.conn.set_progress_handler(count, 100)
    ask()
    library.db.conn.set_progress_handler(None, 0)
    return steps


def test_what_has_changed_is_found_without_reading_a_whole_table(library):
    """A server asks for it at every change, and a run changes something every second."""
    asked = []
    library.db.conn.set_trace_callback(asked.append)
    library.changed_since(3)
    hashes.changed_since(library, 3)
    library.db.conn.set_trace_callback(None)
    plans = [row[3] for sql in asked for row in library.db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(plans) == 7 and not [step for step in plans if not step.startswith("SEARCH")], plans
