"""What labels say: which labels are taken for which, and the images that are likely labeled wrong."""

from __future__ import annotations

import numpy as np
from dash import dcc, html

from dashboard import components
from dashboard.pages.library.parts import section
from dashboard.pages.quality.tables import named, titles
from dashboard.reads import Reads, id_list, taken
from pipeline.maps import COMBINED
from pipeline.quality import labels as judged
from pipeline.quality.kept import Measured

_MOST = 2_000  # ids that an address names


def mistakes_part(measured: Measured) -> html.Section | None:
    """Images whose neighbors all say another label, as a gallery to be walked through (assets/quality/mistakes.js)."""
    told, rows = measured.figures.get("labels") or {}, measured.arrays.get("mistakes")
    if rows is None:
        return None
    names = told["names"]
    title = "Labels that are likely wrong"
    if not len(rows):
        return section(title, html.P(f"None of {told['asked']:,} images has neighbors that all say otherwise.", className="soft"))
    rows = rows[(rows[:, 1:3] < len(names)).all(axis=1)]
    link = html.A("All as pictures", className="card-link", href=components.link("/gallery", these=id_list.pack(rows[:_MOST, 0].tolist())))
    return section(
        title,
        html.Div(
            [html.P([f"{len(rows):,} of {told['asked']:,} images have no neighbor with their own label among ten. ", link]),
             html.Span(id="quality-mistakes-tools", className="pictures-tools")],
            className="quality-mistakes-head",
        ),
        html.Div(id="quality-mistakes-list"),
        dcc.Store(id="quality-mistakes", data={"rows": rows.tolist(), "names": names}),
        dcc.Store(id="quality-mistakes-begun"),
    )


def confusion_part(reads: Reads, measured: Measured) -> html.Section | None:
    """A table for each embedding: of the neighbors of one label's images, the share of each label."""
    told = measured.figures.get("labels") or {}
    tables = told.get("confusion")
    if not tables:
        return None
    called = titles(measured.figures)
    order = [name for name in (COMBINED, *measured.figures["embeddings"]) if name in tables]
    return section(
        "Which labels are taken for which",
        html.P("Of the ten nearest of a row's images, the share with a column's label. A cell opens the images behind it.", className="soft small"),
        *(html.Details([html.Summary(named(name, called[name])), _table(reads, measured, name)], open=name == order[0],
                       className="quality-fold") for name in order),
    )


def _table(reads: Reads, measured: Measured, name: str) -> html.Div:
    names = measured.figures["labels"]["names"]
    shares = np.array(measured.figures["labels"]["confusion"][name])
    ids = measured.arrays[f"ids:{name}"]
    numbers = {label: number for number, label in enumerate(names)}
    own = np.array([numbers.get(label, -1) for label in reads.labels_of(ids.tolist())])
    sizes = np.bincount(own[own >= 0], minlength=len(names))
    shown = np.sort(np.argsort(-sizes, kind="stable")[: judged.MOST])
    shown = shown[sizes[shown] > 0]
    head = html.Tr([html.Th("", scope="col"), *(html.Th(html.Span(names[j]), scope="col") for j in shown)])
    rows = [
        html.Tr([html.Th(names[i], scope="row"), *(_cell(name, names[i], names[j], float(shares[i, j])) for j in shown)]) for i in shown
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(rows)], className="quality-confusion"), className="table-scroll")


def _cell(embedding: str, own: str, said: str, share: float) -> html.Td:
    if share < 0.0005:
        return html.Td("", className="num")
    link = html.A(f"{100 * share:.0f}", href=components.link("/gallery", behind=taken.text(embedding, own, said)),
                  title=f"{own}: {share:.1%} of the neighbors are {said}")
    return html.Td(link, className="num", style={"--share": f"{100 * share:.0f}%"})
