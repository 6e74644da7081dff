"""What is known is handed out folder by folder, whatever folders are called and in whatever order they are asked for."""

from __future__ import annotations

import os
import random

import pytest

from pipeline.extraction.known import ID, KnownRows
from pipeline.extraction.scan import scan
from pipeline.extraction.walk import walk
from pipeline.library import Library
from tests.conftest import tiny_picture

NAMES = ("a", "a-b", "a.b", "a0", "b", "B", "ä", "\U0001f98b", "a b", os.fsdecode(b"caf\xe9"))
"""Names that sort before and after a slash, and one that is no UTF-8."""


def paths(chance: random.Random) -> list[str]:
    folders = {"/".join(chance.choices(NAMES, k=chance.randrange(4))) for _ in range(30)}
    return sorted({f"{folder}/{chance.choice(NAMES)}.png".lstrip("/") for folder in folders for _ in range(3)})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("top", ["", "a", "a-b/a"])
def test_every_folder_gets_its_own_rows_in_any_order(tmp_path, seed, top):
    chance = random.Random(seed)
    library = Library(tmp_path, create=True)
    root = library.add_root("/pictures")
    rows = {path: number for number, path in enumerate(paths(chance), 1)}
    for path, number in rows.items():
        stored = os.fsencode(path) if "\udce9" in path else path
        library.db.execute(
            "INSERT INTO images (id, root_id, path, size, mtime, state) VALUES (?, ?, ?, 1, 1, ?)",
            [number, root, stored, "missing" if number % 7 == 0 else "ok"])
    inside = {p: n for p, n in rows.items() if n % 7 and (not top or p.startswith(f"{top}/"))}
    folders = list({os.path.dirname(path) for path in inside} | {"nowhere", "zz"})
    chance.shuffle(folders)
    known = KnownRows(library, "/pictures", top)
    for folder in folders[: len(folders) // 2]:
        mine = {path: row[ID] for path, row in known.take(folder).items()}
        assert mine == {path: n for path, n in inside.items() if os.path.dirname(path) == folder}
        inside = {path: n for path, n in inside.items() if path not in mine}
    assert {row[0]: row[ID] for row in known.rest()} == inside
    known.close()
    library.raise_generation()  # nothing holds a transaction open


def test_a_walk_tells_what_is_as_known_by_any_name_and_keeps_few_rows_in_hand(tmp_path):
    for number, path in enumerate(paths(random.Random(9))):
        try:
            os.makedirs(tmp_path / "in" / os.path.dirname(path), exist_ok=True)
            (tmp_path / "in" / path).write_bytes(tiny_picture(number))
        except OSError:
            pytest.skip("this file system takes no such name")
    library = Library(tmp_path / "data", create=True)
    count = scan(library, tmp_path / "in").new
    waiting = []

    class Watched(KnownRows):
        def take(self, folder):
            found = super().take(folder)
            waiting.append(sum(map(len, self._waiting.values())))
            return found

    known = Watched(library, str(tmp_path / "in"), "")
    found = walk(str(tmp_path / "in"), "", known)
    known.close()
    assert (found.same, found.files, found.unmet) == (count, [], []) and count > 40
    assert max(waiting) < count / 2
