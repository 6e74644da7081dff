"""What labels say: which labels are taken for which, and the images that are likely labeled wrong."""

from __future__ import annotations

import numpy as np
from dash import html

from dashboard import components
from dashboard.pages.library.parts import section
from dashboard.pages.quality.tables import named, titles
from dashboard.reads import Reads, id_list
from pipeline.maps import COMBINED
from pipeline.quality import labels as judged
from pipeline.quality.kept import Measured

WALK = 36
"""Likely mistakes that are shown here; the link has all that an address can name."""
_BEHIND = 200  # pictures behind a cell, those with most such neighbors first
_MOST = 2_000  # ids that an address names


def mistakes_part(reads: Reads, measured: Measured) -> html.Section | None:
    """Images whose neighbors all say another label, to be walked through."""
    told, rows = measured.figures.get("labels") or {}, measured.arrays.get("mistakes")
    if rows is None:
        return None
    names = told["names"]
    count = f"{len(rows):,} of {told['asked']:,} images have no neighbor with their own label among ten."
    if not len(rows):
        return section("Labels that are likely wrong", html.P(f"None of {told['asked']:,} images has neighbors that all say otherwise.", className="soft"))
    known = reads.library.images_by_id(rows[:WALK, 0].tolist())
    cards = [
        html.Div(
            [
                html.A(components.thumb(image, f"{names[own]}, whose neighbors say {names[said]}"), className="card-picture",
                       href=components.link("/detail", image=image), title=f"{often} of its 10 nearest are {names[said]}"),
                html.Span([names[own], html.Span(f" · {often} of 10 say {names[said]}", className="soft")], className="small"),
            ],
            className="detail-card",
        )
        for image, own, said, often in rows[:WALK].tolist() if image in known and own < len(names) and said < len(names)
    ]
    link = html.A("Walk through all", className="card-link", href=components.link("/gallery", these=id_list.pack(rows[:_MOST, 0].tolist())))
    return section(
        "Labels that are likely wrong", html.P([count, " ", link]), html.Div(cards, className="gallery quality-mistakes"),
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
    ids, votes = measured.arrays[f"ids:{name}"], measured.arrays[f"votes:{name}"]
    numbers = {label: number for number, label in enumerate(names)}
    own = np.array([numbers.get(label, -1) for label in reads.labels_of(ids.tolist())])
    sizes = np.bincount(own[own >= 0], minlength=len(names))
    shown = np.sort(np.argsort(-sizes, kind="stable")[: judged.MOST])
    shown = shown[sizes[shown] > 0]
    head = html.Tr([html.Th("", scope="col"), *(html.Th(html.Span(names[j]), scope="col") for j in shown)])
    rows = [
        html.Tr([html.Th(names[i], scope="row"), *(_cell(names, shares, ids, votes, own, i, j) for j in shown)]) for i in shown
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(rows)], className="quality-confusion"), className="table-scroll")


def _cell(names, shares, ids, votes, own, i: int, j: int) -> html.Td:
    share = float(shares[i, j])
    if share < 0.0005:
        return html.Td("", className="num")
    behind = np.flatnonzero((own == i) & (votes[:, j] > 0))
    behind = behind[np.argsort(-votes[behind, j].astype(int), kind="stable")][:_BEHIND]
    title = f"{names[i]}: {share:.1%} of the neighbors are {names[j]}"
    link = html.A(f"{100 * share:.0f}", href=components.link("/gallery", these=id_list.pack(ids[behind].tolist())), title=title)
    return html.Td(link, className="num", style={"--share": f"{100 * share:.0f}%"})
