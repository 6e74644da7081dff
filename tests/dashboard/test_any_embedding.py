"""An embedding that is only registered, and one that only a person's vectors make: on every page."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from dashboard.app import PAGES, create_app
from dashboard.reads import Reads
from pipeline import index as indexes
from pipeline import maps
from pipeline.cli import main
from pipeline.embeddings import EMBEDDINGS, Embedding, opened
from pipeline.errors import EmbeddingError
from pipeline.extraction.plan import choose
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.run import run
from pipeline.search import ImageEntry, Query, Searcher, VectorsEntry
from pipeline.status import status
from tests.conftest import unit
from tests.dashboard.trees import text_of
from tests.pipeline.test_embeddings import Toy


@pytest.fixture
def toy(monkeypatch):
    """The registry with one more line."""
    monkeypatch.setitem(EMBEDDINGS, "toy", Embedding("Where colors are", "place", "what is where", Toy))


def on_every_page(library: Library, image: int) -> str:
    """All that is said on all pages about an image of a library."""
    create_app(library)
    reads = Reads(library)
    params = {"image": str(image), "map": "combined", "path": f"/image/{image}"}
    return "\n".join(text_of(page.layout(reads, params)) for page in PAGES)


def test_an_embedding_by_its_registration_alone(toy, own_pictures, tmp_path):
    """From the scan through vectors, index and map to a search and the dashboard's pages."""
    library = Library(tmp_path / "data", create=True)
    report = run(library, own_pictures, embeddings="color,toy", given={"toy": {"cells": 2}})
    assert report.embed.vectors == {"color": 20, "toy": 20}
    assert set(report.maps) == {"combined", "color", "toy"}
    assert library.embeddings()["toy"].extractor == "toy/1 cells=2"
    assert opened(library, "toy").options.cells == 2
    assert status(library)["embeddings"]["toy"] == {"current": 20, "stale": 0, "missing": 0}
    row = library.images()[3]
    alone = opened(library, "toy").extract([decoding.decode(row.file.read_bytes())])[0]
    assert np.allclose(library.vectors("toy", [row.id])[1][0], alone, atol=1e-6)

    searcher = Searcher(library)
    outside = VectorsEntry(searcher.embed(row.file))
    for entry in (outside, ImageEntry(row.id)):
        best = searcher.search(Query((entry,), weights={"toy": 1.0})).matches[0]
        assert best.id == row.id and best.parts["toy"] == pytest.approx(1, abs=1e-4)
    said = on_every_page(library, row.id)
    assert "Where colors are" in said and "what is where" in said
    assert run(library, own_pictures).did_nothing
    EMBEDDINGS.pop("toy")  # and a Likeness that does not know it
    assert choose(library) == ["color"] and library.choice("embed")["embeddings"] == ["color", "toy"]
    assert "Toy" in on_every_page(library, row.id)


def test_its_options_are_the_command_lines_own():
    """Flags, their bounds and their help come from the extractors' dataclasses."""
    said = CliRunner().invoke(main, ["embed", "--help"]).output
    for flag in ("--bins", "--dreamsim-type", "--dreamsim-weights"):
        assert flag in said
    wrong = CliRunner().invoke(main, ["embed", "--bins", "1"])
    assert wrong.exit_code == 2 and "2<=x<=64" in wrong.output


def test_vectors_that_a_person_brings_along(library, own_pictures):
    """They are searched from library images; a picture from outside is searched by the others."""
    ids = [row.id for row in library.images()]
    rows = unit(np.random.default_rng(5).normal(size=(60, 24)))
    library.set_embedding("my_vectors", None, 24, {})
    library.store([], {"my_vectors": (None, ids, rows)})
    indexes.build(library)
    maps.build(library)
    assert opened(library, "my_vectors") is None
    assert status(library)["embeddings"]["my_vectors"] == {"current": 60, "stale": 0, "missing": 0}

    searcher = Searcher(library)
    found = searcher.search(Query((ImageEntry(ids[7]),), weights={"my_vectors": 1.0}, top_k=5, exact=True))
    cosines = rows @ rows[7]
    assert [match.id for match in found.matches] == [ids[at] for at in np.argsort(-cosines)[:5]]
    outside = searcher.embed(next(own_pictures.rglob("*.jpg")))
    assert "my_vectors" not in outside and "color" in outside
    best = searcher.search(Query((VectorsEntry(outside),))).matches[0]
    assert best.score > 0.99 and set(best.parts) == {"color", "sift", "efficientnet"}

    assert "My vectors" in on_every_page(library, ids[7])
    assert choose(library) == ["color", "sift", "efficientnet"]
    with pytest.raises(EmbeddingError, match="my_vectors"):
        choose(library, "my_vectors")
    done = CliRunner().invoke(main, ["status", "--json", "--data", str(library.data)])
    assert json.loads(done.output)["embeddings"]["my_vectors"]["current"] == 60
