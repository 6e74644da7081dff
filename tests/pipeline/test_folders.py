"""Folders as people have them: unplugged, unreadable, linked, excluded, moved, with names of any bytes."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import LibraryError
from pipeline.extraction.folders import forget, relocate
from pipeline.extraction.scan import exclude, scan
from pipeline.library import Library, notes
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent
from tests.conftest import tiny_picture

UNREADABLE = "/sys/class/net/lo/speed"
"""A file of 4,096 bytes that cannot be read, not even by root: the loopback device has no speed."""


def fill(folder, numbers) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}.png").write_bytes(tiny_picture(number))


@pytest.fixture
def places(tmp_path):
    """A library of two folders with five pictures each; (library, one, two)."""
    fill(tmp_path / "one", range(5))
    fill(tmp_path / "two" / "deep", range(5, 10))
    library = Library(tmp_path / "data", create=True)
    scan(library, [tmp_path / "one", tmp_path / "two"])
    return library, tmp_path / "one", tmp_path / "two"


def ids(library) -> dict[str, int]:
    return {row.content_hash: row.id for row in library.images()}


def test_a_drive_that_is_not_there_is_one_sentence_and_the_others_are_updated(places):
    library, one, two = places
    before = ids(library)
    shutil.move(two, two.with_name("away"))
    fill(one, [20])
    with pytest.raises(LibraryError, match="its drive mounted.*5 images are kept"):
        scan(library, two)
    two.mkdir()  # the mount point without its drive
    with pytest.raises(LibraryError, match="Nothing is left.*not mounted.*--gone"):
        scan(library, two)
    told = CliRunner().invoke(main, ["status", "--data", str(library.data)]).output
    assert f"{two}: 5 images  (not there now" in told and f"{one}: 5 images\n" in told
    report = scan(library, [two, one])
    assert (report.new, report.missing) == (1, 0) and "not mounted" in report.problems[0]
    assert library.counts() == {"ok": 11, "unreadable": 0, "missing": 0}
    assert ids(library).items() >= before.items()
    assert scan(library, two, gone=True).missing == 5
    shutil.rmtree(two)
    shutil.move(two.with_name("away"), two)
    assert scan(library, two).returned == 5 and ids(library).items() >= before.items()


def test_another_drive_at_the_same_place_changes_nothing_known(tmp_path):
    card = tmp_path / "card"
    fill(card, range(30))
    library = Library(tmp_path / "data", create=True)
    scan(library, card)
    before = ids(library)
    shutil.move(card, tmp_path / "first")
    fill(card, range(100, 130))
    (card / "3.png").write_bytes(tiny_picture(200))  # cameras count from one again
    report = scan(library, card)
    assert report.missing == 0 and report.changed == 0 and "another drive" in report.problems[0]
    assert ids(library).items() >= before.items() and len(ids(library)) == 60
    for file in card.iterdir():  # all pictures written anew in place are no other drive
        file.write_bytes(tiny_picture(300 + int(file.stem)))
    assert scan(library, card, gone=True).missing == 29
    for file in card.iterdir():
        file.write_bytes(tiny_picture(600 + int(file.stem)))
    assert scan(library, card).changed == 31


def test_a_folder_that_may_not_be_listed_is_said_and_its_images_are_not_missing(places, monkeypatch):
    library, _, two = places
    listing = os.scandir

    def refused(path):
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    fill(two, [30])
    monkeypatch.setattr(os, "scandir", refused)
    report = scan(library, two)
    assert (report.missing, report.new) == (0, 1)
    assert "two/deep cannot be read (Permission denied)" in report.problems[0]
    monkeypatch.undo()
    (two / "deep" / "5.png").unlink()
    assert scan(library, two).missing == 1


def test_a_folder_moved_and_scanned_at_its_new_place_is_the_same_folder(places):
    library, one, two = places
    before = ids(library)
    notes.tag(library, [min(before.values())], "first")
    shutil.move(two, two.with_name("photos"))
    report = scan(library, two.with_name("photos"))
    assert (report.renamed, report.new, report.missing) == (5, 0, 0)
    assert ids(library) == before
    assert list(library.roots()) == [str(one), str(two.with_name("photos"))]


def test_what_is_on_another_disk_now_is_relocated_without_reading_it(places):
    library, one, two = places
    before = ids(library)
    new = two.with_name("disk")
    shutil.copytree(two, new)
    shutil.rmtree(two)
    (one / "sub").mkdir()
    for wrong, why in ((one, "in it already|inside one|Nothing of what"), (one / "sub", "Nothing of what is known")):
        with pytest.raises(LibraryError, match=why):
            relocate(library, two, wrong)
    with pytest.raises(LibraryError, match="no folder of this library; there are: .*one"):
        relocate(library, two.with_name("three"), new)
    assert relocate(library, two, new) == 5 and ids(library) == before
    for file in (new / "deep").iterdir():  # whoever read them would see that they are others
        state = file.stat()
        file.write_bytes(bytes(state.st_size))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert scan(library, new).unchanged == 5 and ids(library) == before


def test_forgotten_images_take_their_notes_along_and_leave_no_id_behind(places):
    library, one, two = places
    last = max(ids(library).values())
    mine = [row.id for row in library.images() if row.root == str(two)]
    notes.tag(library, mine, "gone")
    notes.name_cluster(library, "color", mine[:2], "Gone")
    generation = library.generation()
    shutil.rmtree(two)
    assert forget(library, two) == 5 and list(library.roots()) == [str(one)]
    assert notes.tags(library) == {} and notes.cluster_names(library, "color", *2 * [library.changed_since(0)]) == {}
    assert library.changed_since(generation).tolist() == sorted(mine)
    fill(one, [40])
    scan(library, one)
    assert max(ids(library).values()) > last


def test_one_file_with_several_names_is_one_image(places):
    library, one, two = places
    os.link(one / "0.png", one / "00.png")
    os.symlink(one / "1.png", one / "0a.png")
    os.symlink(one, two / "again", target_is_directory=True)
    os.link(one / "2.png", two / "elsewhere.png")
    os.symlink("nowhere.png", one / "dangling.png")
    os.symlink("loop.png", one / "loop.png")
    for again in range(2):
        report = scan(library, [one, two])
        assert (report.new, report.missing, report.unchanged) == (0, 0, 10), again
    assert report.doubled == 10  # seven of them behind the linked folder
    fresh = Library(one.with_name("fresh"), create=True)
    assert scan(fresh, two).new == 10  # what lies behind the link is not known by its own name yet
    assert scan(fresh, one).renamed == 4 and scan(fresh, [one, two]).unchanged == 10 == fresh.counts()["ok"]
    assert scan(Library(one.with_name("both"), create=True), [one, two]).new == 10
    outside = one.with_name("outside.png")
    outside.write_bytes(tiny_picture(50))
    os.symlink(outside, one / "linked.png")
    assert scan(library, one).new == 1


def test_trash_and_thumbnails_of_storage_servers_and_what_is_excluded_are_left_out(tmp_path):
    folder = tmp_path / "in"
    fill(folder, [1])
    for number, name in enumerate(("@eaDir", "#recycle", "$RECYCLE.BIN", ".thumbnails", "sub/@EADIR"), 10):
        fill(folder / name, [number])
    fill(folder / "raw" / "Exports", [2, 3])
    fill(folder / "exports", [4])
    library = Library(tmp_path / "data", create=True)
    exclude(library, folder, ["exports", "raw/*/3.png"])
    assert scan(library, folder).new == 1
    exclude(library, folder, ["raw/*/3.png"], anew=True)
    assert scan(library, folder).new == 2  # kept with the folder, and no longer what was forgotten
    exclude(library, folder, ["EXPORTS"])
    report = scan(library, folder)
    assert report.missing == 2 and library.excluded(str(folder)) == ["raw/*/3.png", "EXPORTS"]
    with pytest.raises(LibraryError, match=r"only 2 \.psd"):
        (tmp_path / "psd").mkdir()
        for name in ("a.psd", "b.PSD"):
            (tmp_path / "psd" / name).write_bytes(b"8BPS")
        scan(library, tmp_path / "psd")


@pytest.mark.parametrize("pattern, left", [
    ("exports/", 3), ("/exports", 4), ("**/exports", 3), ("[old]", 4), ("raw/[old]", 4), ("Äpfel", 4), ("**/Äpfel/**", 4), ("**/nothing/**", 5),
])  # fmt: skip
def test_what_is_left_out_is_written_as_other_programs_have_it_too(tmp_path, pattern, left):
    folder = tmp_path / "in"
    for number, name in enumerate(("exports", "raw/exports", "raw/[old]", unicodedata.normalize("NFD", "x/Äpfel"), "kept")):
        fill(folder / name, [number])
    library = Library(tmp_path / "data", create=True)
    exclude(library, folder, [pattern])
    assert scan(library, folder).new == left


def test_labels_of_folders_that_read_alike_are_one(tmp_path):
    """A folder copied from a Mac has its letters apart from their accents, one made here has not."""
    for number, form in enumerate(("NFC", "NFD")):
        fill(tmp_path / "in" / form / unicodedata.normalize(form, "Käfer"), [number])
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "in")
    assert library.labels() == {"Käfer": 2} and len({row.path for row in library.images()}) == 2
    notes.tag(library, [1], unicodedata.normalize("NFD", "süß"))
    notes.tag(library, [2], "süß")
    assert notes.tags_of(library, [1, 2]) == {1: ["süß"], 2: ["süß"]}


def test_files_whose_names_say_nothing_are_known_by_their_first_bytes(tmp_path):
    """As exports of photo services, web caches and data sets have them."""
    folder = tmp_path / "in"
    folder.mkdir()
    names = ("IMG_0001", "1a2b3c4d", "beach.jpg(1)", "a name that was cut off.jp", "2018.05.12 on the beach", "photo.jpg_large", "x.png-2", "photo.pjpeg")
    for number, name in enumerate(names):
        (folder / name).write_bytes(tiny_picture(number))
    for name in ("IMG_0001.jpg_original", "beach.png~", "beach.png.crdownload", "data.json", "no picture.dat"):
        (folder / name).write_bytes(tiny_picture(9))
    (folder / "BMW in the garden").write_text("BMW notes")
    (folder / "Makefile").write_text("all:")
    os.mkfifo(folder / "pipe")
    library = Library(tmp_path / "data", create=True)
    report = scan(library, folder)
    assert (report.new, report.unreadable) == (len(names), 0)
    assert {row.path for row in library.images()} == set(names)
    assert scan(library, folder).unchanged == len(names)


def test_a_file_replaced_with_the_same_size_and_time_is_noticed(places):
    library, one, _ = places
    (file,) = one.glob("1.png")
    state, size = file.stat(), len(tiny_picture(1))
    other = next(tiny_picture(n) for n in range(60, 200) if len(tiny_picture(n)) == size)
    file.write_bytes(other)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert scan(library, one).changed == 1
    library.db.execute("UPDATE images SET content_hash = 'false' WHERE path = '2.png'")
    assert scan(library, one).changed == 0
    assert scan(library, one, everything=True).changed == 1  # though the file system says nothing


@pytest.mark.skipif(not os.path.exists(UNREADABLE), reason="no file here that fails to be read")
def test_what_could_not_be_read_is_tried_again_and_what_is_damaged_when_asked(places):
    library, one, _ = places
    (one / "0.png").write_bytes(b"damaged")
    (image,) = [row for row in library.images() if row.path == "1.png"]
    shutil.move(one / "1.png", one.with_name("1.png"))
    (one / "1.png").symlink_to(UNREADABLE)
    assert scan(library, one).unreadable == 2
    row = library.image(image.id)
    assert (row.state, row.retry, row.content_hash) == ("unreadable", True, image.content_hash)
    assert "Invalid argument" in row.reason
    shutil.move(one.with_name("1.png"), one / "1.png")
    report = scan(library, one)
    assert report.unreadable == 1 and library.image(image.id).state == "ok"
    # A decoder that learned to read it, or a person who knows better.
    library.mark(image.id, "unreadable", "a decoder's word")
    assert scan(library, one).unreadable == 2
    assert scan(library, one, retry=True).unreadable == 1 and library.image(image.id).state == "ok"


def test_names_of_any_bytes_and_times_of_any_year(tmp_path):
    try:
        folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system takes no such name")
    name = b"b\xe4d\n<b>.png"
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:
        file.write(tiny_picture(1))
    long = ("y" * 246 + ".png").encode()
    photo = "\U0001f4f7 <img src=x onerror=alert(1)> ".encode() * 6 + b".png"
    for number, other in enumerate((long, photo), 3):
        with open(os.path.join(os.fsencode(folder), other), "wb") as file:
            file.write(tiny_picture(number))
    typed = unicodedata.normalize("NFC", "Käfer")
    fill(tmp_path / unicodedata.normalize("NFD", typed), [2])
    os.utime(tmp_path / unicodedata.normalize("NFD", typed) / "2.png", (-5e9, -5e9))
    data = str(tmp_path / "data")
    told = CliRunner().invoke(main, ["scan", folder, str(tmp_path / typed), "--data", data])
    assert told.exit_code == 0 and "4 new" in told.output
    told = CliRunner().invoke(main, ["scan", "--data", data])
    assert "4 unchanged" in told.output
    library = Library(data)
    assert {os.fsencode(row.path) for row in library.images()} == {name, b"2.png", long, photo}
    for row in library.images():
        assert row.file.is_file() and library.image_at(row.file).id == row.id
        row.shown.encode()
    told = CliRunner().invoke(main, ["status", "--data", data])
    assert told.exit_code == 0 and "caf\\xe9: 3 images" in told.output
    told = CliRunner().invoke(main, ["forget", folder, "--data", data])
    assert told.exit_code == 0 and len(Library(data).roots()) == 1


def test_a_clock_set_back_hides_no_change_and_starts_nothing_anew(places):
    """Everything known is of a year from now: the clock was wrong, and has been put right."""
    library, one, two = places
    year = 365 * 86_400
    for file in (*one.iterdir(), *(two / "deep").iterdir()):
        file.write_bytes(file.read_bytes().ljust(400, b"\0"))
        os.utime(file, (file.stat().st_mtime + year,) * 2)
    scan(library, [one, two])
    with RunRecord(library, "scan", {}, Silent()):
        pass
    library.db.execute("UPDATE runs SET started = '2999-01-01T00:00:00+00:00', finished = '2999-01-01T00:00:09+00:00'")
    before = ids(library)
    assert scan(library, [one, two]).unchanged == 10 and ids(library) == before
    (one / "0.png").write_bytes(tiny_picture(50).ljust(400, b"\0"))  # its time is a year before the one that is known
    report = scan(library, [one, two])
    assert (report.changed, report.unchanged, report.new, report.missing) == (1, 9, 0, 0)
    with RunRecord(library, "embed", {}, Silent()):
        pass
    assert library.db.execute("SELECT command FROM runs ORDER BY id DESC").fetchone()[0] == "embed"
    assert CliRunner().invoke(main, ["status", "--data", str(library.data)]).exit_code == 0


def test_files_that_go_while_they_are_read_are_missing_and_end_nothing(places):
    library, one, _ = places

    class Late(Silent):
        """Told how much there is to read, a person tidies up."""

        def start(self, stage, total):
            assert total == 2
            (one / "70.png").unlink()
            (one / "0.png").unlink()

    fill(one, [70])
    os.utime(one / "0.png", (1, 1))
    report = scan(library, one, Late())
    assert (report.new, report.missing) == (0, 1) and library.counts()["unreadable"] == 0


def test_the_same_path_below_two_folders_is_told_apart(tmp_path):
    for disk in ("disk1", "disk2"):
        fill(tmp_path / disk / "2024", [1])
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "disk1" / "2024")
    assert library.told_apart(library.images()) == ["1.png"]
    scan(library, tmp_path / "disk2" / "2024")
    assert sorted(library.told_apart(library.images())) == ["disk1/2024/1.png", "disk2/2024/1.png"]


def test_a_drive_inside_a_folder_that_is_not_there_keeps_its_images(tmp_path):
    other = Path(tempfile.mkdtemp(dir="/dev/shm")) if os.path.isdir("/dev/shm") else None
    if other is None or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second drive here")
    try:
        folder = tmp_path / "pictures"
        fill(folder / "own", range(4))
        fill(other, range(10, 14))
        (folder / "drive").symlink_to(other, target_is_directory=True)
        library = Library(tmp_path / "data", create=True)
        assert scan(library, folder).new == 8
        (folder / "drive").unlink()
        (folder / "drive").mkdir()  # the place where it was mounted
        (folder / "own" / "3.png").unlink()
        report = scan(library, folder)
        assert (report.unchanged, report.missing) == (3, 1)
        assert [problem for problem in report.problems if str(folder / "drive") in problem and "mounted" in problem]
        (folder / "drive").rmdir()
        assert scan(library, folder).missing == 0  # nor where the mount point went with it
        (folder / "drive").symlink_to(other, target_is_directory=True)
        (other / "10.png").unlink()
        report = scan(library, folder)  # it is back: what is not on it is gone
        assert (report.unchanged, report.missing, report.problems) == (6, 1, [])
        for file in other.iterdir():
            file.unlink()
        report = scan(library, folder)  # it is there, and empty
        assert (report.unchanged, report.missing, report.problems) == (3, 3, [])
        fill(other, [10])
        assert scan(library, folder).returned == 1
        (folder / "drive").unlink()
        assert scan(library, folder).missing == 0
        assert scan(library, folder, gone=True).missing == 1
    finally:
        shutil.rmtree(other)
