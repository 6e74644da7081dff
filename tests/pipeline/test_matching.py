"""Which image a file is: against an oracle that knows what was moved, renamed, copied and deleted."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from pipeline.extraction.matching import Candidate, Known, match
from pipeline.extraction.scan import scan
from pipeline.library import Library, notes
from tests.conftest import tiny_picture as picture


class Folders:
    """Two scanned folders, and beside each file what picture it is (the oracle)."""

    def __init__(self, base: Path, chance: random.Random):
        self.base, self.chance, self.made = base, chance, 0
        self.roots = [base / "one", base / "two"]
        for root in self.roots:
            for folder in ("a", "b", "a/deep"):
                (root / folder).mkdir(parents=True, exist_ok=True)
                for _ in range(2):
                    self.new(root / folder)

    def new(self, folder: Path) -> None:
        self.made += 1
        (folder / f"p{self.made}.png").write_bytes(picture(self.made))

    def files(self) -> list[Path]:
        return sorted(file for file in self.base.rglob("*.png"))

    def folders(self) -> list[Path]:
        return sorted(one for root in self.roots for one in root.rglob("*") if one.is_dir())

    def unique(self) -> dict[bytes, Path]:
        """Contents that are there exactly once."""
        by: dict[bytes, list[Path]] = {}
        for file in self.files():
            by.setdefault(file.read_bytes(), []).append(file)
        return {content: files[0] for content, files in by.items() if len(files) == 1}

    def change(self, names_are_taken: bool) -> None:
        """One thing that a person does to files; perhaps one that puts a picture where another was."""
        chance, files = self.chance, self.files()
        file, other = chance.choice(files), chance.choice(files)
        folder = chance.choice(self.folders())
        taking = ["swap", "take name", "exchange"] if names_are_taken else []
        act = chance.choice(["rename", "move", "copy", "delete", "new", "folder", *taking])
        if act == "rename":
            file.rename(file.with_stem(f"r{chance.randrange(10**6)}"))
        elif act == "move" and not (folder / file.name).exists():
            file.rename(folder / file.name)
        elif act == "copy":
            shutil.copy2(file, folder / f"c{chance.randrange(10**6)}.png")
        elif act == "delete" and len(files) > 8:
            file.unlink()
        elif act == "new":
            self.new(folder)
        elif act in ("swap", "take name") and file != other:
            aside = file.with_suffix(".aside")
            file.rename(aside)
            other.rename(file)
            aside.rename(other if act == "swap" else other.with_stem(f"t{chance.randrange(10**6)}"))
        elif act == "folder":
            folder.rename(folder.with_name(f"f{chance.randrange(10**6)}"))
        elif act == "exchange":
            first, second = (root / "a" for root in self.roots)
            if first.is_dir() and second.is_dir():
                aside = self.base / "one" / "exchanged"
                first.rename(aside)
                second.rename(first)
                aside.rename(second)


@pytest.mark.parametrize("seed", range(8))
def test_a_picture_that_is_there_once_keeps_its_id_whatever_happens(tmp_path, seed):
    """Both folders in one go; one after the other, in any order, as long as nothing takes the
    name of what went to the other one: then it looks like an edited picture."""
    chance = random.Random(seed)
    folders = Folders(tmp_path / "pictures", chance)
    library = Library(tmp_path / "data", create=True)
    scan(library, folders.roots)
    for turn in range(8):
        before = {content: library.image_at(file).id for content, file in folders.unique().items()}
        for _ in range(chance.randrange(1, 7)):
            folders.change(names_are_taken=seed % 2 == 0)
        for root in [folders.roots] if seed % 2 == 0 else chance.sample(folders.roots, 2):
            scan(library, root)
        for content, file in folders.unique().items():
            if content in before:
                assert library.image_at(file).id == before[content], (turn, file)
        found = library.images()
        assert sorted(row.file for row in found) == folders.files()
        assert len({row.id for row in found}) == len(found)



def test_copies_go_with_their_folders():
    """No inode to go by, as on another disk: what else was in the folder tells where it went."""
    known = [Known(1, "/r/ann/x.jpg", "X"), Known(2, "/r/bob/x.jpg", "X"),
             Known(3, "/r/ann/1.jpg", "one"), Known(4, "/r/bob/2.jpg", "two")]
    files = [Candidate("/r/zoe/x.jpg", "X"), Candidate("/r/amy/x.jpg", "X"),
             Candidate("/r/zoe/1.jpg", "one"), Candidate("/r/amy/2.jpg", "two")]
    assert match(known, files) == {0: 1, 1: 2, 2: 3, 3: 4}
    exchanged = [Candidate("/r/bob/x.jpg", "X"), Candidate("/r/ann/x.jpg", "X"),
                 Candidate("/r/bob/1.jpg", "one"), Candidate("/r/ann/2.jpg", "two")]
    assert match(known, exchanged) == {0: 1, 1: 2, 2: 3, 3: 4}
    # One file that moved does not take the copies of a folder along that stayed.
    stayed = [Candidate("/r/ann/x.jpg", "X"), Candidate("/r/bob/x.jpg", "X"), Candidate("/r/bob/1.jpg", "one")]
    assert match(known, stayed, settled={"/r/ann", "/r/bob"}) == {0: 1, 1: 2, 2: 3}


def test_the_file_itself_decides_between_copies_and_nearness_comes_last():
    known = [Known(1, "/r/a/x.jpg", "X", 5, 11), Known(2, "/r/b/x.jpg", "X", 5, 12)]
    swapped = [Candidate("/r/a/x.jpg", "X", 5, 12), Candidate("/r/b/x.jpg", "X", 5, 11)]
    assert match(known, swapped) == {0: 2, 1: 1}
    elsewhere = [Candidate("/q/b/x.jpg", "X", 9, 1), Candidate("/q/a/x.jpg", "X", 9, 2), Candidate("/q/x.jpg", "X", 9, 3)]
    assert match(known, elsewhere) == {0: 2, 1: 1}
    assert match(known[::-1], elsewhere) == {0: 2, 1: 1}
    # What went just now is nearer than what has been missing for long.
    old = Known(3, "/q/a/x.jpg", "X", gone=False)
    assert match([old, known[0]], [Candidate("/q/a/y.jpg", "X", 9, 9)]) == {0: 1}


def test_many_equal_files_are_matched_in_time():
    known = [Known(number, f"/r/{number:05}.jpg", "blank") for number in range(20_000)]
    files = [Candidate(f"/q/{number:05}.jpg", "blank") for number in range(20_000)]
    assert match(known, files) == {number: number for number in range(20_000)}


def test_two_copies_whose_folders_are_renamed_keep_their_tags(tmp_path):
    for name in ("holiday", "backup"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "x.png").write_bytes(picture(1))
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "in")
    for name in ("holiday", "backup"):
        notes.tag(library, [library.image_at(tmp_path / "in" / name / "x.png").id], name)
    for old, new in (("holiday", "aside"), ("backup", "holiday"), ("aside", "backup")):  # exchanged
        (tmp_path / "in" / old).rename(tmp_path / "in" / new)
    report = scan(library, tmp_path / "in")
    assert report.renamed == 2
    for now, was in (("backup", "holiday"), ("holiday", "backup")):
        row = library.image_at(tmp_path / "in" / now / "x.png")
        assert notes.tags_of(library, [row.id]) == {row.id: [was]}
