"""The image that a walk has come to: those around it on the walk, and its nearest by both embeddings.

All three are galleries, which the browser makes of the store compare-walked (assets/compare/walked.js):
{"around", "rows": [list, list], "own": id of the image}. A list is {"title", "shown": [{"id", "name",
"shape": width by height in thousandths, …}]}; around adds "shared", "at" and "href", rows "rank" and "both", and
"by", the embedding where it is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from dash import dcc, html

from dashboard import components
from dashboard.reads import Called, Reads, galleries
from dashboard.reads.comparison import PATH, Step
from pipeline.maps import COMBINED
from pipeline.quality.agreement import Agreement


def view(
    reads: Reads, found: Agreement, ranking: np.ndarray, here: Step, names: tuple[str, str],
    titles: Mapping[str, str], address: Mapping[str, str | None],
) -> list:
    """The places of the galleries, the image beside them, and what they are made of.

    names: the two embeddings. address: the parameters of the walk.
    """
    own = int(found.ids[here.row])
    lists = [found.first[here.row].tolist(), found.second[here.row].tolist()]
    around = found.ids[ranking[list(here.around)]].tolist()
    called = reads.called({own, *around, *lists[0], *lists[1]})
    common = set(lists[0]) & set(lists[1])
    data = {
        "own": own,
        "around": {"title": "Next on the walk", "shown": _around(reads, found, ranking, here, called, address)},
        "rows": [
            {"by": name if name != COMBINED else None, "title": titles[name], "shown": _nearest(reads, ids, common, called)} for name, ids in zip(names, lists)
        ],
    }
    return [
        html.Div(id="compare-strip", className="compare-strip"),
        html.Div(
            [
                _image(reads, own, called[own], f"{len(common)} of {len(lists[0])} in common"),
                html.Div([_row(name, titles[name]) for name in names], className="compare-rows"),
            ],
            className="compare-walk",
        ),
        dcc.Store(id="compare-walked", data=data),
    ]


def _image(reads: Reads, own: int, called: Called, shared: str) -> html.Figure:
    row = reads.image(own)
    shape = {"aspectRatio": f"{row.width} / {row.height}"} if row and row.width and row.height else {}
    return html.Figure(
        [
            html.Div(components.thumb(own, f"Compared: {called.name}"), className="compare-large", style=shape),
            html.Figcaption([
                html.Div((row.label if row else None) or called.name, className="query-name", title=called.path),
                html.Div(shared, className="small"),
                components.image_links(own, name=called.name, words=True),
            ]),
        ],
        className="compare-walked",
    )


def _row(name: str, title: str) -> html.Section:
    heading = [html.Span("Closest by ", className="soft"), html.Span(className=f"dot {components.part_of(name)}"), title]
    return html.Section([html.H2(heading, className="compare-row-title"), html.Div(className="compare-row")])


def _around(
    reads: Reads, found: Agreement, ranking: np.ndarray, here: Step, called: Mapping[int, Called],
    address: Mapping[str, str | None],
) -> list[dict]:
    k = found.first.shape[1]
    rows = ranking[list(here.around)]
    shared = np.round(found.share[rows] * k).astype(int).tolist()
    ids = found.ids[rows].tolist()
    more = [
        {"shared": number, "at": at + 1, "href": components.link(PATH, **address, image=image)}
        for at, number, image in zip(here.around, shared, ids)
    ]
    return [one | {"of": k} | extra for one, extra in zip(_pictures(reads, ids, called), more)]


def _nearest(reads: Reads, ids: Sequence[int], common: set[int], called: Mapping[int, Called]) -> list[dict]:
    return [
        one | {"rank": rank, "both": one["id"] in common}
        for rank, one in enumerate(_pictures(reads, ids, called), 1)
    ]


def _pictures(reads: Reads, ids: Sequence[int], called: Mapping[int, Called]) -> list[dict]:
    known = reads.library.images_by_id(ids)
    shapes = galleries.shapes(reads, np.array(ids, np.int64)).tolist()
    return [
        {"id": one, "name": (known[one].label if one in known else None) or called[one].name, "shape": shape}
        for one, shape in zip(ids, shapes)
    ]
