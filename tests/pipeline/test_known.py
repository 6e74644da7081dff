"""What is known is handed out folder by folder, whatever folders are called and in whatever order they are asked for."""

from __future__ import annotations

import os
import random
import shutil

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


FOLDERS = ("", "a", "a/b", "a-b", "a/b/c", "z", os.fsdecode(b"caf\xe9"))
SHOWN = "SELECT path, label, size, mtime, ctime, inode, content_hash, state FROM images ORDER BY path, state, content_hash"


def change(top, chance: random.Random, number: int) -> None:
    """Do one of the things that people do to a folder."""
    files = sorted(path for path in top.rglob("*") if path.is_file())
    some = chance.choice(files)
    match chance.randrange(8):
        case 0 | 1:
            (top / chance.choice(FOLDERS) / f"{chance.choice(NAMES)}{number}.png").write_bytes(tiny_picture(number))
        case 2:
            some.unlink()
        case 3:
            some.write_bytes(tiny_picture(1000 + number))
        case 4:
            some.rename(top / chance.choice(FOLDERS) / f"moved{number}.png")
        case 5:
            os.link(some, top / chance.choice(FOLDERS) / f"other{number}.png")
        case 6:
            (some.parent / f"{some.name}.xmp").write_text("<x/>")
        case 7:
            (top / chance.choice(FOLDERS[:1]) / f"broken{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("seed", range(3))
def test_folders_taken_by_their_sum_end_as_those_compared_file_by_file(tmp_path, seed):
    chance, top = random.Random(seed), tmp_path / "in"
    try:
        for folder in FOLDERS:
            (top / folder).mkdir(parents=True, exist_ok=True)
            for number in range(6):
                (top / folder / f"{number}.png").write_bytes(tiny_picture(chance.randrange(60)))
    except OSError:
        pytest.skip("this file system takes no such name")
    quick, plain = Library(tmp_path / "quick", create=True), Library(tmp_path / "plain", create=True)
    used = 0
    for number in range(60):
        if chance.random() < 0.5:
            change(top, chance, number)
        below = top / chance.choice(["", "", "a"])
        plain.db.execute("DELETE FROM folders")
        used += quick.db.execute("SELECT count(*) FROM folders").fetchone()[0] > 0
        one, other = scan(quick, below), scan(plain, below)
        assert vars(one) == vars(other)
        assert list(quick.db.execute(SHOWN)) == list(plain.db.execute(SHOWN))
    assert used > 20


def test_a_scan_of_what_lies_as_it_did_reads_no_row_and_one_of_a_change_only_its_folder(tmp_path):
    for folder in FOLDERS[:-1]:
        (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
        for number in range(4):
            (tmp_path / "in" / folder / f"{number}.png").write_bytes(tiny_picture(len(folder) * 10 + number))
    library = Library(tmp_path / "data", create=True)
    read = []

    class Watched(KnownRows):
        def take(self, folder):
            read.append(folder)
            return super().take(folder)

    def looked() -> tuple[int, list[str]]:
        read.clear()
        known = Watched(library, str(tmp_path / "in"), "")
        found = walk(str(tmp_path / "in"), "", known)
        known.close()
        assert known.count == 24 == found.same + len(found.files) + len(found.unmet)
        return found.same, sorted(read)

    assert scan(library, tmp_path / "in").new == 24 and scan(library, tmp_path / "in").unchanged == 24
    assert looked() == (24, [])
    os.utime(tmp_path / "in" / "a/b/2.png", (1, 1))
    assert looked() == (23, ["a/b"])
    os.utime(tmp_path / "in" / "3.png", (1, 1))
    assert looked() == (22, ["", "a/b"])
    assert scan(library, tmp_path / "in").unchanged == 24
    # A row that changes by whatever statement: its folder is compared with the disk again.
    library.db.execute("UPDATE images SET state = 'missing' WHERE path = 'a-b/1.png'")
    assert scan(library, tmp_path / "in").returned == 1 and scan(library, tmp_path / "in").unchanged == 24
    library.db.execute("DELETE FROM images WHERE path = 'a-b/1.png'")
    assert scan(library, tmp_path / "in").new == 1 and scan(library, tmp_path / "in").unchanged == 24
    # A file that comes and goes leaves the folder as its sum had it, but not the rows.
    brief = tmp_path / "in" / "a" / "brief.png"
    brief.write_bytes(tiny_picture(500))
    assert scan(library, tmp_path / "in").new == 1
    brief.unlink()
    assert scan(library, tmp_path / "in").missing == 1 and scan(library, tmp_path / "in").unchanged == 24
    shutil.rmtree(tmp_path / "in" / "a-b")
    assert scan(library, tmp_path / "in").missing == 4
