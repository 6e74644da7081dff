"""Where a graph can begin: an image, a cluster, a collection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dash import html

from dashboard import components
from dashboard.pages.graph import data as graph_data
from dashboard.reads import Called, Reads, clusters
from pipeline import graph
from pipeline.library import ImageRow, notes

EXAMPLES = 12


def start_page(reads: Reads) -> html.Div:
    """What a graph can be made of: examples, clusters, collections."""
    examples = [reads.image(node) for node in reads.examples(EXAMPLES)]
    called = reads.called([row.id for row in examples if row])
    return html.Div(
        [
            html.Div(
                [html.H1("Graph"),
                 html.P("See which images lead to which. Choose where to begin.", className="soft")],
            ),
            html.Section(
                [html.H2("Around an image"),
                 components.justified(_example(row, called[row.id]) for row in examples if row)],
            ),
            *_collections(reads),
            *_clusters(reads),
        ],
        className="graph-begin page-wide",
    )


def _example(row: ImageRow, called: Called) -> html.A:
    name = graph_data.name_of(row, called)
    return html.A(
        components.thumb(row.id, f"Graph around {name}"),
        href=components.link(graph_data.PATH, image=row.id),
        className="match-picture", title=name, style=components.shaped(1000 * row.width // row.height if row.height else 0),
    )


def _clusters(reads: Reads) -> list:
    names = reads.map_names()
    chosen = reads.map(names[0]) if names else None
    if chosen is None or not chosen.clusters:
        return []
    titles = graph_data.cluster_titles(reads, chosen)
    sizes = np.bincount(chosen.cluster[chosen.cluster >= 0], minlength=chosen.clusters)
    cards = [
        _card(
            titles[number], int(sizes[number]),
            [int(i) for i in chosen.exemplars[number] if i >= 0],
            components.link(graph_data.PATH, cluster_of=clusters.stands_for(chosen, number), map=names[0]),
        )
        for number in range(chosen.clusters)
    ]
    return [html.Section([html.H2("Inside a cluster"), html.Div(cards, className="graph-cards")])]


def _collections(reads: Reads) -> list:
    kept = notes.collections(reads.library)
    if not kept:
        text = "Select images on the map and keep them as a collection: it can be shown as a graph here."
        return [html.Section([html.H2("In a collection"), html.P(text, className="soft")])]
    cards = [
        _card(one.name, one.count, graph.sample(notes.collected(reads.library, one.name), 4),
              components.link(graph_data.PATH, collection=one.name))
        for one in kept
    ]
    return [html.Section([html.H2("In a collection"), html.Div(cards, className="graph-cards")])]


def _card(title: str, count: int, exemplars: Sequence[int], href: str) -> html.A:
    return html.A(
        [
            html.Span([html.Span(title, className="graph-name"),
                       html.Span(f"{count:,}", className="graph-number")], className="graph-card-head"),
            html.Span([components.thumb(node, "") for node in exemplars], className="graph-card-pictures"),
        ],
        href=href, className="graph-card",
    )
