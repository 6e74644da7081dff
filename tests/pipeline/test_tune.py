"""The comparison of PCA-whitening with a learned encoder, on painted pictures."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import LibraryError
from pipeline.library import Library
from pipeline.quality.transforms import TRANSFORMS
from tests.conftest import unit

pytestmark = pytest.mark.slow

# What imports torch is imported by the tests: whoever only collects them need not wait for it.


def command(data, *words):
    return CliRunner().invoke(main, ["tune", "--data", str(data), *words])


def test_a_library_is_compared_and_left_as_it_is(library):
    from pipeline.quality.tune import TITLES, table

    pytest.importorskip("optuna", reason="the extra requirement of tune is not installed")
    before = "\n".join(library.db.iterdump())
    result = command(library.data, "--trials", "1", "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    report = json.loads(result.stdout)
    assert "\n".join(library.db.iterdump()) == before

    assert report["images"] == {"train": 36, "held_out": 24, "queries": 24}
    rows = report["projections"]
    assert [*rows] == ["none", "whitening", "autoencoder", "refined"]
    assert rows["none"]["recall_at_10"] == 1 and rows["none"]["dim"] > 256
    for row in rows.values():
        assert set(row["rank1"]) == set(TRANSFORMS)
        assert row["rank1_mean"] > 0.5  # by chance 1/24
        assert row["recall_at_10"] > 10 / 23  # by chance
    assert set(report["better"]) <= {"autoencoder", "refined"}
    for encoder in report["encoders"].values():
        assert [set(trial) for trial in encoder["trials"]] == [{"score", "pruned", "parameters"}]

    said = table(report)
    for name, row in rows.items():
        line = next(line for line in said.splitlines() if line.startswith(TITLES[name]))
        assert f"{row['recall_at_10']:.3f}" in line and f"{row['rank1_mean']:.3f}" in line


def test_without_optuna_one_sentence(made_library, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = command(made_library)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        'Error: This comparison needs Optuna, which is not installed: pip install "optuna>=4,<5"'
    ]


def test_too_few_images_one_sentence(tmp_path):
    pytest.importorskip("optuna", reason="the extra requirement of tune is not installed")
    Library(tmp_path, create=True)
    result = command(tmp_path)
    assert result.exit_code == 1 and "10 images or more" in result.stderr


def test_unreadable_images_are_skipped_or_one_sentence(library, own_pictures):
    from pipeline.quality.tune import gather

    files = sorted(own_pictures.rglob("*.jpg"))
    library.db.execute("DELETE FROM images")
    root = library.add_root(str(own_pictures))
    for number, file in enumerate(files):
        library.db["images"].insert({
            "root_id": root, "path": file.relative_to(own_pictures).as_posix(), "size": 1,
            "mtime": 0.0, "content_hash": f"{number:032x}"})
    files[0].write_bytes(b"not a picture")
    material = gather(library, 2500, 0)
    assert len(material.train) + len(material.held_out) == len(files) - 1
    for file in files:
        file.write_bytes(b"not a picture")
    with pytest.raises(LibraryError, match="could be read"):
        gather(library, 2500, 0)


def test_an_encoder_learns_what_matters():
    """Vectors that differ in 8 directions under much noise in others: from parts of each,
    learning finds again what the parts share; the seed decides everything."""
    from pipeline.quality.autoencoder import learn

    pytest.importorskip("optuna", reason="the extra requirement of tune is not installed")
    rng = np.random.default_rng(0)

    def look(inner):
        noise = rng.normal(size=(len(inner), 64)) * 1.5
        return unit(np.hstack([inner, noise]))

    inner = rng.normal(size=(200, 8))
    train = look(inner)
    parts = np.stack([look(inner) for _ in range(3)], axis=1).astype(np.float16)
    learned, again = (learn(train, parts, 16, whitened=False, trials=2, seed=1) for _ in range(2))
    fresh = rng.normal(size=(200, 8))
    one, other = look(fresh), look(fresh)
    assert np.array_equal(learned.codes(one), again.codes(one))
    assert np.allclose(np.linalg.norm(learned.codes(one), axis=1), 1, atol=1e-5)

    def rank1(left, right):
        return float(((left @ right.T).argmax(axis=1) == np.arange(len(left))).mean())

    assert rank1(learned.codes(one), learned.codes(other)) > 1.2 * rank1(one, other)


def test_recall_counts_the_ten_nearest_others():
    from pipeline.quality.autoencoder import recall_at_10

    import torch

    rng = np.random.default_rng(0)
    true = rng.random((4, 40)).astype(np.float32)
    found = true.copy()
    row = np.argsort(-true[0])
    found[0, row[1:3]] = 0  # row[0] is the image itself, so two of its ten are lost
    own = np.array([row[0], 1, 2, 3])
    assert recall_at_10(torch.from_numpy(true), torch.from_numpy(found), own) == pytest.approx(38 / 40)
