"""A library with a thousand labels: every page stands, and each label is told apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from dashboard.access import Access
from dashboard.app import PAGES, create_app, render
from dashboard.reads import Reads, categories
from dashboard.reads.packing import unpack
from pipeline import columns, index
from pipeline.library import Library
from pipeline.maps import Map, store
from pipeline.settings import MapOptions
from tests.conftest import synthetic_library
from tests.dashboard.trees import text_of

LABELS, IMAGES = 1_000, 3_000


def label_of(number: int) -> str:
    """Of the image of that number: some are common, some of one image, some not to be read as markup or a path."""
    at = min(number % LABELS, (number * 7) % LABELS)
    return f"{('<b>', '../', 'Größe ', 'label,')[at % 4]}{at}"


@pytest.fixture(scope="module")
def labeled(tmp_path_factory) -> Library:
    data = tmp_path_factory.mktemp("labels")
    library = synthetic_library(data, IMAGES, {"color": 8})
    library.db.conn.create_function("label_of", 1, label_of)
    library.db.execute("UPDATE images SET label = label_of(id)")
    index.build(library)
    ids, vectors = library.vectors("color")
    cluster = (np.arange(IMAGES) % 5).astype(np.int32)
    store.save(library, Map(
        name="color", ids=ids, xy=vectors[:, :2].copy(), xyz=vectors[:, :3].copy(), cluster=cluster,
        placed=np.zeros(IMAGES, bool), stamps=np.ones(IMAGES, np.int64),
        exemplars=np.stack([ids[cluster == one][:4] for one in range(5)]),
        extractors={"color": "color/test"}, options=MapOptions(),
    ))
    return library


def test_every_page_stands_and_every_label_can_be_found(labeled):
    reads, counts = Reads(labeled), Counter(map(label_of, range(1, IMAGES + 1)))
    assert len(counts) > 600
    for page in PAGES:
        shown, module, _ = render(reads, page.PATH, "?image=7&cluster=0&color=label")
        assert module is page and "cannot be shown" not in text_of(shown), page.PATH
    names, codes = categories.coded(categories.labels(labeled), np.arange(1, IMAGES + 1))
    assert dict(names) == counts and names[0][1] == max(counts.values())
    assert all(names[code][0] == label_of(at + 1) for at, code in enumerate(codes))


def test_what_the_browser_fetches_tells_the_labels_apart(labeled):
    client, counts = create_app(labeled, access=Access()).server.test_client(), Counter(map(label_of, range(1, IMAGES + 1)))
    head, arrays = unpack(client.get("/map/overview/color?dim=2").data)
    assert dict(map(tuple, head["labels"])) == counts
    told = [head["labels"][code][0] for code in arrays["label"]]
    assert told == [label_of(int(number)) for number in arrays["ids"]]
    for name in ("label,7", "<b>4", "../1"):
        where = columns.printed(columns.one_of("label", [name]))
        packed = client.get("/facets/passing", query_string={"where": where}).data
        passing = np.flatnonzero(np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little"))
        assert set(passing.tolist()) == {one for one in range(1, IMAGES + 1) if label_of(one) == name}
    facet = client.get("/facets", query_string={"open": "label"}).json["facets"]["label"]
    assert facet["distinct"] == len(counts) and facet["values"]
    assert all(counts[value] == count for value, count in facet["values"])
