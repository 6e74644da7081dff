"""Ways out: each file is read by what it is for, and says what the library says."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pyarrow import parquet as format_
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client

from pipeline import maps
from pipeline.__main__ import main
from pipeline.errors import EmbeddingError, NoteError, SettingsError
from pipeline.export import KINDS, Wanted, csv_table, fiftyone, npz, parquet, projector
from pipeline.export.projector import SIDE, side_of
from pipeline.export.wanted import written
from pipeline.extraction import brought
from pipeline.library import Library, notes
from pipeline.maps import naming


@pytest.fixture(scope="module")
def shared(made_library) -> Library:
    return Library(made_library)


def test_the_table_of_everything_says_what_the_library_knows(library, tmp_path):
    notes.collect(library, "=Wand", [2, 3])
    notes.tag(library, [3], "rot")
    assert csv_table(library, tmp_path / "all.csv") == 60
    rows = {int(row["id"]): row for row in csv.DictReader((tmp_path / "all.csv").open(encoding="utf-8"))}
    made = maps.load(library, "combined")
    called = naming.called(library, made)
    for at, (image, number) in enumerate(zip(made.ids.tolist(), made.cluster.tolist())):
        row, known = rows[image], library.image(image)
        assert (row["path"], row["label"], row["folder"]) == (known.path, known.label, known.root)
        assert row["cluster on combined"] == (called[number] if number >= 0 else "")
    assert rows[3]["tags"] == "rot" and rows[3]["collections"] == "'=Wand" and rows[1]["tags"] == ""
    assert csv_table(library, tmp_path / "few.csv", Wanted(collection="=Wand", places=False)) == 2
    assert next(iter(library.roots())) not in (tmp_path / "few.csv").read_text("utf-8")


def test_vectors_are_the_stored_ones_and_come_back_as_one_s_own(library, tmp_path):
    library.db.execute("DELETE FROM vectors WHERE image_id = 4 AND embedding_id = (SELECT id FROM embeddings WHERE name = 'sift')")
    assert parquet(library, tmp_path / "v.parquet") == npz(library, tmp_path / "v.npz") == 60
    table = format_.read_table(tmp_path / "v.parquet").to_pydict()
    arrays = np.load(tmp_path / "v.npz")
    assert table["id"] == arrays["ids"].tolist() and table["path"] == arrays["paths"].tolist()
    for name in library.embeddings():
        ids, rows = library.vectors(name)
        for image, row in zip(ids.tolist(), rows):
            at = table["id"].index(image)
            assert np.array_equal(np.float32(table[name][at]), row) and np.array_equal(arrays[name][at], row)
    lost = table["id"].index(4)
    assert table["sift"][lost] is None and np.isnan(arrays["sift"][lost]).all()
    npz(library, tmp_path / "color.npz", Wanted(embeddings=("color",)))
    assert brought.bring(library, "mine", tmp_path / "color.npz").met == 60
    assert np.allclose(library.vectors("mine")[1], library.vectors("color")[1], atol=1e-6)


def test_tensorboard_s_own_reader_loads_the_projector(shared, tmp_path):
    assert projector(shared, tmp_path) == 60
    plugin = ProjectorPlugin(base_plugin.TBContext(logdir=str(tmp_path)))
    apps = {route: Client(app) for route, app in plugin.get_plugin_apps().items()}

    def get(route: str, **query):
        answer = apps[route].get("/", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer

    assert len(run := get("/runs").json) == 1
    for told in get("/info", run=run[0]).json["embeddings"]:
        name = told["tensorName"]
        ids, rows = shared.vectors(name)
        assert told["tensorShape"] == list(rows.shape)
        read = np.frombuffer(get("/tensor", run=run[0], name=name).data, np.float32).reshape(rows.shape)
        assert np.allclose(read, rows, atol=1e-6)
        lines = get("/metadata", run=run[0], name=name).text.splitlines()
        assert lines[0].split("\t") == ["path", "label", "id"] and [int(line.split("\t")[2]) for line in lines[1:]] == ids.tolist()
        side = told["sprite"]["singleImageDim"][0]
        sheet = Image.open(io.BytesIO(get("/sprite_image", run=run[0], name=name).data)).convert("RGB")
        columns = sheet.width // side
        for at in (0, 37, 59):  # the middle of its square has the color of the thumbnail's middle
            left, top = at % columns * side, at // columns * side
            middle = np.asarray(sheet)[top + side // 2 - 4 : top + side // 2 + 4, left + side // 2 - 4 : left + side // 2 + 4]
            whole = np.asarray(Image.open(io.BytesIO(shared.thumbnail(int(ids[at])))).convert("RGB"))
            h, w = whole.shape[:2]
            assert np.abs(middle.mean((0, 1)) - whole[h // 2 - 16 : h // 2 + 16, w // 2 - 16 : w // 2 + 16].mean((0, 1))).max() < 20


@pytest.mark.parametrize("count", [1, 60, 3_781, 10_000, 50_000])
def test_the_sprite_stays_within_what_webgl_takes(count):
    columns = int(np.ceil(np.sqrt(count)))
    assert columns * side_of(count) <= SIDE and side_of(count) >= 24


def test_fiftyone_s_folder_has_the_documented_form(shared, tmp_path):
    assert fiftyone(shared, tmp_path) == 60
    labels, data = (json.loads((tmp_path / name).read_text()) for name in ("labels.json", "data.json"))
    assert set(labels) == {"classes", "labels"} and set(labels["labels"]) == set(data)
    for image, number in labels["labels"].items():
        row = shared.image(int(image))
        assert labels["classes"][number] == row.label and Path(data[image]) == row.file and row.file.is_file()
    fiftyone(shared, tmp_path / "copy", Wanted(collection="", where=f"label={row.label}", copy=True))
    copies = list((tmp_path / "copy" / "data").iterdir())
    assert len(copies) == 10 and all(file.read_bytes() == shared.image(int(file.stem)).file.read_bytes() for file in copies)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_forgotten_meanwhile_is_left_out(kind, library, tmp_path):
    class Late(Wanted):
        def ids(self, library):
            found = super().ids(library)
            library.db.execute("DELETE FROM images WHERE id IN (3, 60)")
            return found

    assert KINDS[kind](library, tmp_path / "all", Late()) == 58
    if kind == "csv":
        rows = {int(row["id"]): row for row in csv.DictReader((tmp_path / "all").open(encoding="utf-8"))}
        made = maps.load(library, "combined")
        called = [*naming.called(library, made), ""]
        clusters = dict(zip(made.ids.tolist(), (called[number] for number in made.cluster.tolist())))
        assert len(rows) == 58 and all(row["cluster on combined"] == clusters[image] for image, row in rows.items())


def test_what_is_no_file_is_written_to_and_a_link_followed(shared, tmp_path):
    """As root a name of a device could be given to a file, and /dev/null be one from then on."""
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)
    assert csv_table(shared, tmp_path / "pipe") == 60
    assert len(list(csv.DictReader(io.StringIO(reader.communicate()[0].decode())))) == 60
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "there.csv").write_text("before")
    (tmp_path / "link.csv").symlink_to("there.csv")
    assert csv_table(shared, tmp_path / "link.csv") == 60
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "there.csv").read_text().count("\n") >= 61
    for target in ("-", "/dev/stdout"):
        done = subprocess.run([sys.executable, "-m", "pipeline", "export", "csv", target, "--data", shared.data], capture_output=True, text=True)
        assert len(list(csv.DictReader(io.StringIO(done.stdout)))) == 60 and "60 images" in done.stderr
    assert Path("/dev/stdout").is_symlink()


def test_what_cannot_be_exported_is_said_and_leaves_what_was_there(shared, tmp_path):
    (tmp_path / "v.npz").write_text("before")
    with pytest.raises(EmbeddingError, match="no embedding 'nothing'"):
        npz(shared, tmp_path / "v.npz", Wanted(embeddings=("nothing",)))
    with pytest.raises(NoteError):
        csv_table(shared, tmp_path / "v.npz", Wanted(collection="nothing"))
    with pytest.raises(SettingsError, match="no image"):
        csv_table(shared, tmp_path / "v.npz", Wanted(where="size<1"))
    with pytest.raises(ZeroDivisionError), written(tmp_path / "v.npz", "w") as file:
        file.write("half")
        1 / 0
    assert (tmp_path / "v.npz").read_text() == "before" and len(list(tmp_path.iterdir())) == 1
    told = CliRunner().invoke(main, ["export", "csv", str(tmp_path), "--data", str(shared.data)])
    assert told.exit_code == 2 and "is a folder" in told.output
    told = CliRunner().invoke(main, ["export", "npz", str(tmp_path / "v.npz" / "x"), "--data", str(shared.data)])
    assert told.exit_code == 1 and "cannot be written" in told.output


def test_who_may_read_what_is_written_is_left_to_the_person(shared, tmp_path):
    """A table of private pictures is not for all of a machine's users where the person's files are not."""
    table = tmp_path / "all.csv"
    before = os.umask(0o077)
    try:
        KINDS["csv"](shared, table, Wanted())
        assert table.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    KINDS["csv"](shared, table, Wanted())
    assert table.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["all.csv"]
