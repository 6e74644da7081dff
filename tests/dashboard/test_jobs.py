"""Runs started from the page: a real run, stopped and gone on with, and what is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboard import jobs as module
from dashboard.jobs import Jobs, suggestions
from dashboard.pages.library import actions, folders, page
from dashboard.reads import Reads
from pipeline import processes
from pipeline.errors import LibraryError, SettingsError
from pipeline.library import Library, notes
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent
from pipeline.search import ImageEntry, Query
from tests.dashboard.trees import of_kind, text_of

pytestmark = pytest.mark.slow


@pytest.fixture
def reads(tmp_path) -> Reads:
    """An empty library whose page may start runs; what is left running is ended."""
    library = Library(tmp_path / "data", create=True)
    reads = Reads(library, Jobs(library))
    yield reads
    reads.jobs.stop()
    reads.jobs.stop()


def until(condition, seconds: float = 120):
    """The first true answer of a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    pytest.fail("waited too long")


def finished(reads: Reads):
    return until(lambda: not reads.jobs.last().running and reads.jobs.last())


def test_a_run_can_be_stopped_and_gone_on_with_and_the_page_is_fresh_at_its_end(reads, own_pictures):
    seen = page.tick(reads, None)[3]
    assert actions.start(reads, str(own_pictures), "color") is None
    live, _, interval, _ = page.tick(reads, seen)
    assert "Starting" in text_of(live) and str(own_pictures) in text_of(live) and interval == page.TICK
    assert of_kind(live, "library-stop")
    assert "going on already" in text_of(actions.start(reads, str(own_pictures), "color"))

    until(lambda: [run for run in reads.runs() if run.state == "running" and run.stage == "embed"])
    reads.jobs.stop()
    assert "Stopping" in text_of(page.tick(reads, seen)[0])
    assert finished(reads).error is None
    assert reads.library.db.execute("SELECT state, finished IS NOT NULL FROM runs").fetchall() == [("stopped", 1)]
    assert reads.library.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    live, body, interval, seen = page.tick(reads, seen)
    assert live is None and "Stopped" in text_of(body) and interval == page.IDLE

    assert actions.start(reads, str(own_pictures), "color") is None
    assert finished(reads).error is None
    assert reads.runs()[0].state == "done"
    _, body, _, _ = page.tick(reads, seen)
    count = reads.library.counts()["ok"]
    assert count == 20 and f"{count} up to date" in text_of(body) and "Out of date" not in text_of(body)
    assert reads.map_names() == ["combined", "color"]
    assert len(reads.search(Query((ImageEntry(1),))).matches) == 12

    # Files go: the next run notices, and the same reads see the new map.
    folder = sorted(own_pictures.iterdir())[0]
    for file in folder.iterdir():
        file.unlink()
    reads.jobs.update(str(own_pictures), "color")
    assert finished(reads).error is None
    assert reads.library.counts() == {"ok": 10, "unreadable": 0, "missing": 10}
    assert len(reads.map("color").ids) == 10


def test_several_folders_are_updated_at_once(reads, own_pictures):
    folders = sorted(own_pictures.iterdir())
    with pytest.raises(SettingsError, match="no folder"):
        reads.jobs.update_all([str(folders[0]), "/no/such"])
    reads.jobs.update_all([str(folder) for folder in folders], "color")
    with pytest.raises(LibraryError, match="going on"):
        reads.jobs.update(str(folders[0]))
    assert finished(reads).error is None
    assert [run.command for run in reads.runs()] == ["run"]
    assert {run.state for run in reads.runs()} == {"done"} and reads.library.counts()["ok"] == 20
    assert reads.map_names() == ["combined", "color"]
    body = page.body(reads)
    assert "Update all" in text_of(body) and "Out of date" not in text_of(body)

    reads.jobs.update_all([str(folder) for folder in folders], "color")
    reads.jobs.stop()
    assert finished(reads).error is None and not reads.jobs.last().running


def test_removing_a_folder_forgets_its_images_and_says_what_is_stale(library):
    reads = Reads(library, Jobs(library))
    (root,) = reads.roots()
    library.db.execute("UPDATE images SET root_id = ? WHERE id > 50", [library.add_root("/elsewhere")])
    notes.tag(library, [1, 2, 3, 55], "blue")
    notes.collect(library, "kept", [1, 60])
    asked = text_of(folders.what_goes(reads, root))
    assert "50 images" in asked and "cannot be undone" in asked
    assert "the tags of 3 and the places in collections of 1." in asked
    told = text_of(folders.forget(reads, root))
    assert "50 images are forgotten" in told and "Index and maps" in told
    assert reads.roots() == {"/elsewhere": 10} and notes.tags_of(library, range(1, 61)) == {55: ["blue"]}
    assert reads.runs()[0].command == "forget"
    body = page.body(reads)
    assert "Out of date" in text_of(body) and len(of_kind(body, "library-index")) == 1  # for index and maps
    assert "nothing left" not in told and Path(root).is_dir()
    assert "ratings" not in text_of(folders.what_goes(reads, "/elsewhere"))
    folders.forget(reads, "/elsewhere")
    assert "This library is empty" in text_of(page.body(reads))


def test_a_folder_that_has_been_moved_is_relocated_and_nothing_is_computed_again(library, pictures, tmp_path):
    reads, place = Reads(library, Jobs(library)), tmp_path / "moved"
    (root,) = reads.roots()
    notes.tag(library, [5], "blue")
    said = folders.relocate(reads, root, str(tmp_path))[1]
    assert "Nothing of what is known" in text_of(said) and list(reads.roots()) == [root]
    for wrong, why in (("", "Name a folder"), ("moved", "in full"), (str(place), "no folder")):
        assert why in text_of(folders.relocate(reads, root, wrong)[1])
    shutil.copytree(pictures, place)
    near = Reads(library, Jobs(library, [pictures]))
    assert "may not reach" in text_of(folders.relocate(near, root, str(place))[1])
    done, refused = folders.relocate(reads, root, str(place))
    assert refused is None and "60 images" in text_of(done)
    assert reads.roots() == {str(place): 60} and reads.image(5).file.is_relative_to(place)
    assert notes.tags_of(library, [5]) == {5: ["blue"]} and "Out of date" not in text_of(page.body(reads))


def test_nothing_starts_while_another_process_writes(reads, own_pictures):
    with reads.library.writing(), RunRecord(reads.library, "embed", {}, Silent()) as record:
        record.start("embed", 10)
        with pytest.raises(LibraryError, match="Another run"):
            reads.jobs.update(str(own_pictures))
        with pytest.raises(LibraryError, match="Another run"):
            reads.jobs.index()
        assert "Another run" in text_of(folders.forget(reads, str(own_pictures)))
        assert "Another run" in text_of(folders.relocate(reads, str(own_pictures), str(own_pictures))[1])
        live = page.tick(reads, None)[0]
        assert "not started from this page" in text_of(live) and not of_kind(live, "library-stop")
    assert reads.jobs.last() is None and not (reads.library.data / module.LOG).exists()


def test_a_run_that_cannot_even_start_says_so_and_does_not_block_the_next(reads, own_pictures):
    (reads.library.data / module.LOG).mkdir()
    for _ in range(2):
        with pytest.raises(LibraryError, match="cannot be started"):
            reads.jobs.update_all([str(own_pictures)])
    (reads.library.data / module.LOG).rmdir()
    reads.jobs.update(str(own_pictures), "color")
    assert reads.jobs.last().running


def test_what_a_run_said_last_is_told_without_its_progress(reads, tmp_path):
    log = reads.library.data / module.LOG
    log.write_text("scan 3%|█\rscan 9%|██\nError: The disk is full.\nmap 0%|  | 0/2\n", "utf-8")
    assert reads.jobs._last_line() == "The disk is full."
    log.write_text("Traceback (most recent call last):\n  File\nValueError: 0\n")
    assert "ValueError" not in reads.jobs._last_line() and str(log.resolve()) in reads.jobs._last_line()


def test_a_run_that_fails_says_why(reads, tmp_path):
    (tmp_path / "empty").mkdir()
    reads.jobs.update(str(tmp_path / "empty"), "color")
    said = finished(reads).error
    assert said and "Traceback" not in said
    note = page.tick(reads, None)[0]
    assert said in text_of(note) and "error-note" in note.className and note.role == "alert"


@pytest.mark.parametrize(
    "folder, said",
    [("", "Name a folder"), ("  ", "Name a folder"), ("pictures", "in full"), ("/no/such", "no folder"),
     ("~nobody-of-this-name/x", "cannot be opened"), ("/a\0b", "cannot be opened"), ("-rf", "in full"),
     ("/" + "x" * 5000, "cannot be opened")],
)
def test_what_is_no_folder_is_refused_in_one_sentence(reads, folder, said):
    with pytest.raises(SettingsError, match=said):
        reads.jobs.update(folder)
    assert reads.jobs.last() is None


def test_a_file_and_an_unknown_embedding_are_refused(reads, own_pictures):
    file = next(own_pictures.rglob("*.jpg"))
    assert "is a file" in text_of(actions.start(reads, str(file), "color"))
    assert "no embedding" in text_of(actions.start(reads, str(own_pictures), "color,--data"))
    assert reads.jobs.last() is None


def test_sub_folders_are_offered_as_one_types(own_pictures):
    (own_pictures / ".hidden").mkdir()
    (own_pictures / "file.txt").write_text("x")
    names = sorted(path.name for path in own_pictures.iterdir() if path.is_dir() and path.name[0] != ".")
    assert suggestions(f"{own_pictures}/") == [str(own_pictures / name) for name in names]
    assert suggestions(f"{own_pictures}/{names[1][:3].upper()}") == [str(own_pictures / names[1])]
    assert suggestions("pic") == suggestions("") == suggestions("/no/such/place") == []


def test_the_next_server_stops_a_run_that_the_last_one_started(reads, pictures):
    reads.jobs.update(str(pictures), "color,sift,efficientnet")
    until(lambda: [run for run in reads.runs() if run.state == "running" and run.stage])
    restarted = Reads(Library(reads.library.data), Jobs(Library(reads.library.data)))
    job = restarted.jobs.last()
    assert job.running and not job.stopping and str(pictures) in job.title
    assert of_kind(page.tick(restarted, None)[0], "library-stop")
    restarted.jobs.stop()
    assert restarted.jobs.last() is None or restarted.jobs.last().stopping
    until(lambda: restarted.jobs.last() is None)
    assert restarted.runs()[0].state == "stopped" and not finished(reads).running
    restarted.jobs.stop()  # there is nothing to stop


def test_a_run_that_is_told_to_end_ends_cleanly_and_the_next_one_goes_on(reads, own_pictures):
    """A service manager ends all processes of a service, those that the page has started among them."""
    reads.jobs.update(str(own_pictures), "color,sift")
    until(lambda: [run for run in reads.runs() if run.state == "running" and run.stage == "embed"])
    os.kill(reads.library.db.execute("SELECT pid FROM runs WHERE state = 'running'").fetchone()[0], signal.SIGTERM)
    job = finished(reads)
    assert job.error and "topped" in job.error and "Traceback" not in (reads.library.data / module.LOG).read_text()
    assert reads.runs()[0].state == "stopped"
    assert reads.library.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert not list(reads.library.data.rglob("*.tmp"))
    reads.jobs.update(str(own_pictures))
    assert finished(reads).error is None and reads.runs()[0].state == "done"
    assert reads.library.counts()["ok"] == 20 and set(reads.map_names()) == {"combined", "color", "sift"}


def test_an_update_of_all_folders_outlives_the_server_that_started_it(reads, own_pictures):
    """The process that starts it ends at once; the next server finds it, and it does all there is to do."""
    roots = sorted(map(str, own_pictures.iterdir()))
    starting = (
        "import sys; from dashboard.jobs import Jobs; from pipeline.library import Library\n"
        "Jobs(Library(sys.argv[1])).update_all(sys.argv[2:], 'color')"
    )
    subprocess.run([sys.executable, "-c", starting, str(reads.library.data), *roots], check=True, cwd=module._HOME)
    job = until(lambda: reads.jobs.last())
    assert job.running and all(root in job.title for root in roots)
    until(lambda: reads.jobs.last() is None)
    assert [(run.command, run.state) for run in reads.runs()] == [("run", "done")]
    assert reads.library.counts()["ok"] == 20 and reads.map_names() == ["combined", "color"]


def test_a_process_that_only_has_the_number_of_a_run_is_left_alone(reads):
    """The run was killed, and the system has given its number to something else."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    known = processes.identity(other.pid)
    assert known and known == processes.identity(other.pid) != processes.identity(os.getpid())
    reads.library.db.execute(
        "INSERT INTO runs (command, parameters, started, state, pid, process, origin) "
        "VALUES ('run', '{}', '2026-01-01T00:00:00+00:00', 'running', ?, ?, 'page')",
        [other.pid, known.replace(" ", " 1", 1)],
    )
    assert reads.jobs.last() is None
    reads.jobs.stop()
    assert other.poll() is None
    other.kill()
    other.wait()
    assert processes.identity(other.pid) is None


@pytest.mark.parametrize("folder", ["/", "/etc", "{above}", "{above}/other", "{root}/../other", "{root}/link", "~root"])
def test_runs_reach_only_what_lies_below_the_named_folders(own_pictures, tmp_path, folder):
    (tmp_path / "other").mkdir()
    (own_pictures / "link").symlink_to(tmp_path / "other")
    library = Library(tmp_path / "data", create=True)
    jobs = Jobs(library, [own_pictures])
    typed = folder.format(root=own_pictures, above=own_pictures.parent)
    with pytest.raises(SettingsError, match="may not reach"):
        jobs.update(typed)
    inside = sorted(str(path) for path in own_pictures.iterdir() if path.name != "link")
    for text in (typed, f"{typed}/", "/"):
        assert set(jobs.suggestions(text)) <= {str(own_pictures), *inside}
    assert jobs.suggestions(f"{own_pictures}/") == inside and jobs.last() is None
    assert jobs.checked(inside[0]) == Path(inside[0])
