"""The tables of the Quality page, each with one sentence on how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html

from dashboard import components
from dashboard.pages.library.parts import section
from pipeline.maps import COMBINED
from pipeline.quality import kinds

_CHANGES = {
    "crop70": "Crop to 70%", "rotate12": "Turn by 12°", "half_jpeg20": "Half size, JPEG 20",
    "dark_mirror": "Darker, mirrored", "blur2": "Blur",
}
TRUST = "Trustworthiness: of what lies together on the map, how far it is alike; continuity: of what is alike, how far it lies together; 1 is perfect."
"""How to read both, in one sentence; the Map says it as well."""


def figure(value: float | None) -> str:
    """A share as the screen has it."""
    return "–" if value is None else f"{value:.3f}"


def titles(figures: Mapping) -> dict[str, str]:
    """What the embeddings of some figures are called, and all of them together."""
    return components.titles_of([*figures["embeddings"], COMBINED])


def named(name: str, title: str) -> html.Span:
    """An embedding with the dot of its color."""
    return html.Span([html.Span(className=f"dot {components.part_of(name)}"), title], className="quality-name")


def table(heads: Sequence[str], rows: Sequence[Sequence], about, title: str) -> html.Section:
    """A table of figures; the first of each row is its name."""
    return section(
        title,
        html.Div(html.Table(
            [html.Thead(html.Tr([html.Th(head, scope="col", className="num" if at else "") for at, head in enumerate(heads)])),
             html.Tbody([html.Tr([html.Th(row[0], scope="row"), *(html.Td(cell, className="num") for cell in row[1:])]) for row in rows])],
            className="quality-table",
        ), className="table-scroll"),
        html.P(about, className="soft small"),
    )


def _all(figures: Mapping) -> dict[str, Mapping]:
    return {**figures["embeddings"], COMBINED: figures["combined"]}


def embeddings_part(figures: Mapping) -> html.Section | None:
    """What each embedding is worth by labels; nothing where there are none."""
    if "chance" not in figures:
        return None
    called = titles(figures)
    rows = [[named(name, called[name]), figure(row.get("precision_at_10")), figure(row.get("map"))]
            for name, row in _all(figures).items()]
    rows.append(["By chance", figure(figures["chance"]), ""])
    about = "The share of an image's ten nearest with its label, and the mean average precision of the whole ranking."
    return table(["", "Precision@10", "mAP"], rows, about, "Labels found again")


def copies_part(figures: Mapping) -> html.Section | None:
    """How often a changed copy finds its original."""
    called = titles(figures)
    found = {name: row["rank1"] for name, row in _all(figures).items() if row.get("rank1")}
    if not found:
        return None
    changes = list(next(iter(found.values())))
    rows = [[named(name, called[name]), *(figure(row.get(one)) for one in changes)] for name, row in found.items()]
    about = "How often the original comes first when a changed copy of it is searched with, by exact search."
    return table(["", *(_CHANGES.get(one, one) for one in changes)], rows, about, "Changed copies found")


def search_part(figures: Mapping) -> html.Section | None:
    """Recall against effort and time, by weights."""
    curves = figures.get("effort") or {}
    found = figures["index"]
    size = f", {found['bytes'] / 1e6:,.0f} MB on disk" if found.get("bytes") else ""
    about = f"Index: {found.get('type', '')}, {found.get('storage', '')}{size}. "
    if not curves:
        return section("Search", html.P(f"{about}It compares every image, so nothing is missed.", className="soft"))
    called = titles(figures)
    efforts = [rung["effort"] for rung in next(iter(curves.values()))]
    rows = [[_weights(weights, called), *(_rung(rung) for rung in rungs)] for weights, rungs in curves.items()]
    about += "Of the ten truly nearest, the share that is found, and the time of one query, by how far the index is walked; a search chooses the effort by itself."
    return table(["Effort", *(f"{one:,}" for one in efforts)], rows, about, "Search: recall and time by effort")


_KINDS = {"hnsw": "Graph (HNSW)", "ivfpq": "Cells and codes (IVF-PQ)", "flat": "No structure (flat)", kinds.EXACT: "All compared, exact"}


def kinds_part(figures: Mapping, to_inside: str) -> html.Section | None:
    """Kinds of index beside one another. to_inside: the address of the page that looks into it."""
    known = figures.get("kinds")
    if not known:
        return None
    rows = [
        [html.Span([_KINDS.get(one["type"], one["type"]), html.Span(_how(one), className="soft small")], className="quality-rung"),
         f"{one['images']:,}", _seconds(one["build_s"]), f"{one['bytes'] / 1e6:,.1f} MB" if one["bytes"] else "–",
         figure(one["recall_at_10"]), f"{one['query_ms']:.2f} ms"]
        for one in known
    ]
    about = (
        "By the usual weights, with the effort that a search takes: of the ten truly nearest the share that is found, and the time of one query. "
        "Another kind is here once it has been built and measured: "
    )
    return table(
        ["", "Images", "Build", "On disk", "Recall@10", "One query"], rows,
        [about, html.Code("python -m pipeline index --type ivfpq"), ". ", html.A("Look inside the index", href=to_inside, className="card-link")], "Kinds of index",
    )


def _how(one: Mapping) -> str:
    if one["type"] == kinds.EXACT:
        return ""
    day = datetime.fromisoformat(one["at"]).astimezone()
    return ", ".join(filter(None, [
        one["storage"], one["engine"] if one["engine"] != "faiss" else "", f"effort {one['effort']:,}" if one["effort"] else "", f"{day:%b} {day.day}",
    ]))


def _seconds(value: float | None) -> str:
    return f"{value:,.1f} s" if value else "–"


def _rung(rung: Mapping) -> html.Div:
    return html.Div([figure(rung["recall"]), html.Span(f"{rung['ms']:.2f} ms", className="soft small")], className="quality-rung")


def _weights(text: str, called: Mapping[str, str]):
    """A weighting as `--weights` takes it, in words: one embedding, or all as usual."""
    names = [part.split("=")[0] for part in text.split(",") if float(part.split("=")[1] or 0)]
    return named(names[0], called[names[0]]) if len(names) == 1 else named(COMBINED, called[COMBINED])


def maps_part(figures: Mapping) -> html.Section | None:
    """Trustworthiness and continuity of each map."""
    if not figures["maps"]:
        return None
    called = titles(figures)
    rows = [[named(name, called[name]), figure(row["trustworthiness"]), figure(row["continuity"])]
            for name, row in figures["maps"].items()]
    return table(["", "Trustworthiness", "Continuity"], rows, TRUST, "Maps")


def agreement_part(figures: Mapping) -> html.Section | None:
    """What two embeddings share of an image's neighbors."""
    if not figures["agreement"]:
        return None
    called = titles(figures)
    rows = [[" and ".join(called[name] for name in pair.split("|")), figure(share)] for pair, share in figures["agreement"].items()]
    return table(["", "Shared"], rows, "Of the ten nearest by one embedding, the share that the other names, too.", "Agreement")
