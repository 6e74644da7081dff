"""A library in a notebook: the numbers of the library, frames, and the notebook in docs/."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from pipeline import maps, open_library
from pipeline.errors import LibraryError, QueryError
from pipeline.search import Filter, ImageEntry, Query, Searcher

ROOT = Path(__file__).parents[2]


def test_searches_and_maps_are_those_of_the_library(made_library):
    opened = open_library(made_library)
    ours = Searcher(opened.library).search(Query((ImageEntry(5),), {"color": 1.0}, top_k=4, filter=Filter(exclude=(5,))))
    table = opened.search(5, weights={"color": 1.0}, top_k=4).table
    assert table["id"].tolist() == [one.id for one in ours.matches] and table["score"].tolist() == [one.score for one in ours.matches]
    assert table["color"].tolist() == [one.parts["color"] for one in ours.matches]
    assert opened.neighbors(5, top_k=4, weights={"color": 1.0}).ids == table["id"].tolist()
    saved = maps.load(opened.library, "efficientnet")
    places = opened.map("meaning")
    assert places.index.tolist() == saved.ids.tolist() and np.array_equal(places[["x", "y"]].to_numpy(), saved.xy)
    assert opened.map("texture")["cluster"].tolist() == maps.load(opened.library, "sift").cluster.tolist()
    assert places["name"].isna().tolist() == (saved.cluster < 0).tolist()
    with pytest.raises(LibraryError, match="There is no map 'taste'"):
        opened.map("taste")
    with pytest.raises(QueryError, match="There is no image 99999"):
        opened.neighbors(99999)


@pytest.mark.slow
def test_the_notebook_in_docs_runs_and_its_frame_shows_the_page(library, monkeypatch):
    monkeypatch.setenv("LIKENESS_DATA", str(library.data))
    cells = json.loads((ROOT / "docs" / "likeness.ipynb").read_text("utf-8"))["cells"]
    names, shown = {"__name__": "notebook"}, []
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        *lines, last = "".join(cell["source"]).splitlines()
        exec("\n".join(lines), names)  # the last line is what a notebook shows
        try:
            value = eval(last, names)
        except SyntaxError:
            exec(last, names)
            continue
        shown.append(value)
        if "show(" in last:
            with urllib.request.urlopen(value.address) as answer:
                policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors http://localhost:* http://127.0.0.1:*" in policy
            assert f'src="{value.address}"' in value._repr_html_()
    assert len(shown) >= 8 and "data:image/jpeg;base64" in shown[1]._repr_html_()
    with pytest.raises(OSError):  # its server ended with close()
        urllib.request.urlopen(next(one.address for one in shown if hasattr(one, "address")), timeout=5)
