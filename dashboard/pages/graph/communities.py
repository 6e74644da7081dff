"""The communities of a graph: what each is called, and its images in the list, to be hidden and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from dash import html

from dashboard import components
from dashboard.pages.graph.data import Shown, color_of, name_of, to_center
from dashboard.reads import Reads
from pipeline.maps import naming
from pipeline.maps.naming import About
from pipeline import things

_NAMED_FROM = 0.5
"""Share of a label from which a community is called by it."""


def names(reads: Reads, shown: Shown) -> list[tuple[str, str, str]]:
    """What each community is called, of what share of it that is true, and all that is known of it: by the
    label of half of its images, else by what is seen in them, else by its number."""
    seen = _seen(reads, shown.communities)
    abouts = [_about(shown, nodes, name) for nodes, name in zip(shown.communities, seen)]
    plain = {at: f"Community {at + 1}" for at, about in enumerate(abouts) if not about.name}
    return [
        (title, _share(about), about.words) for title, about in zip(naming.titles_from(abouts, plain), abouts)
    ]


def _share(about: About) -> str:
    """Of how much of a community its name is true; of one without a name, its largest label."""
    if about.name and about.name == about.label:
        return f"{about.share:.0%}"
    return f"looks so, {about.surely:.0%}" if about.seen else about.words


def _seen(reads: Reads, communities: Sequence[Sequence[int]]) -> list[things.Name | None]:
    if not things.available(reads.library):
        return [None] * len(communities)
    of = sorted((node, number) for number, nodes in enumerate(communities) for node in nodes)
    ids, group = np.array(of, np.int64).reshape(-1, 2).T
    return things.names(things.seen(reads.library), ids, group, len(communities))


def _about(shown: Shown, nodes: Sequence[int], seen: things.Name | None) -> About:
    label, count = Counter(shown.rows[node].label or "" for node in nodes).most_common(1)[0]
    share = count / len(nodes)
    named = label if share >= _NAMED_FROM else ""
    looks, surely = (seen.text, seen.share) if seen else ("", 0.0)
    return About(label, share if label else 0.0, named or looks, looks, surely)


def sections(reads: Reads, shown: Shown, may_keep: bool) -> list:
    """The list: a section for each community, and one of the images without links."""
    linked = {node for nodes in shown.communities for node in nodes}
    alone = sorted(set(shown.graph) - linked)
    found = [
        _section(shown, number, nodes, *name, may_keep)
        for number, (nodes, name) in enumerate(zip(shown.communities, names(reads, shown)))
    ]
    if alone and len(shown.graph) > 1:
        found.append(_section(shown, -1, alone, "Without links", "", "", may_keep))
    return [html.H2("Communities", className="graph-heading"), *found] if found else []


def _section(
    shown: Shown, number: int, nodes: Sequence[int], title: str, share: str, words: str, may_keep: bool
) -> html.Section:
    """A switch with color, name and count, what keeps the images, and these as buttons, best linked first."""
    degree = shown.graph.degree(weight="similarity")
    ordered = sorted(nodes, key=lambda node: (-(to_center(shown, node) or 0), -degree[node], node))
    count = components.counted(len(nodes), "image")
    keep = html.Button(
        components.icon("collection"), type="button", className="button-quiet graph-keep",
        title=f"Keep these {count} as a collection", **{"data-keep": ",".join(map(str, ordered)), "data-called": title,
                                                       "aria-label": f"Keep {title} as a collection"},
    )
    return html.Section(
        [
            html.Div(
                [
                    html.Button(
                        [
                            html.Span(className="graph-swatch", style={"--swatch": color_of(number)}),
                            html.Span(title, className="graph-name"), html.Span(share, className="graph-said"),
                            html.Span(f"{len(nodes):,}", className="graph-number"),
                        ],
                        type="button", className="row-button graph-toggle", title=f"{words} · hide or show".removeprefix(" · "),
                        **{"data-community": number, "aria-pressed": "true",
                           "aria-label": f"Show {title}, {count} {words}".strip()},
                    ),
                    *([keep] if may_keep else []),
                ],
                className="graph-community-head",
            ),
            components.gallery(_node(shown, node) for node in ordered),
        ],
        className="graph-community",
    )


def _node(shown: Shown, node: int) -> html.Button:
    similarity = to_center(shown, node)
    name = name_of(shown.rows[node], shown.called[node])
    told = name if similarity is None or node == shown.center else f"{name}, similarity {similarity:.2f}"
    return html.Button(
        components.thumb(node, ""), type="button", className="graph-node",
        **{"data-image": node, "aria-label": told},
    )
