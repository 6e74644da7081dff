"""What stands around the drawing of the Graph page: the note, the images in words, and advice."""

from __future__ import annotations

from dash import html

from dashboard import components
from dashboard.access import ANNOTATE
from dashboard.pages.graph import communities
from dashboard.pages.graph.data import PATH, Shown, name_of
from dashboard.reads import Reads


def note(shown: Shown) -> str:
    """How much of what is shown: `120 of 2,310 shown, an even sample · 310 links of …`."""
    count = len(shown.graph)
    parts = []
    if shown.of > count:
        parts.append(f"{count:,} of {shown.of:,} shown, an even sample")
    elif shown.center is not None and 1 < count < shown.settings.count:
        parts.append(f"{count:,} images, all that can be reached; more neighbors reach further")
    else:
        parts.append(components.counted(count, "image"))
    similar = [value for *_, value in shown.graph.edges(data="similarity")]
    if similar:
        linked = components.counted(len(similar), "link")
        parts.append(f"{linked} of similarity {min(similar):.2f} to {max(similar):.2f}")
    return " · ".join(parts)


def advice(shown: Shown):
    """What to do where there are no links to see; None otherwise."""
    if not len(shown.graph):
        return instead("No images here", html.P("Select images on the map and add them to this collection."))
    if shown.graph.number_of_edges() or (shown.of == 1):
        return None
    if shown.settings.least:
        return html.P(
            f"Nothing is as similar as {shown.settings.least:.2f}. Lower “Least similarity” to see links.",
            className="graph-advice",
        )
    if shown.settings.mutual:
        return html.P("No two images name each other. Switch “Mutual only” off.", className="graph-advice")
    return html.P("These images have nothing to compare this way. Choose another embedding.",
                  className="graph-advice")


def instead(title: str, what) -> html.Div:
    """What stands in place of a graph that cannot be drawn."""
    return html.Div(
        [html.H2(title), what,
         html.A("Choose another start", href=components.link(PATH), className="button")],
        className="graph-instead",
    )


def side(reads: Reads, shown: Shown) -> list:
    """What the graph is of, then its images, community by community."""
    head = _about_image(shown) if shown.center is not None else _about_set(shown)
    return [head, *communities.sections(reads, shown, reads.may(ANNOTATE))]


def _about_image(shown: Shown) -> html.Div:
    row = shown.rows[shown.center]
    called = shown.called[row.id]
    name = called.name
    return html.Div(
        [
            html.Div(components.thumb(row.id, name_of(row, called)), className="graph-picture"),
            html.Div(
                [
                    html.H2(shown.title, title=shown.title),
                    html.P(name, className="graph-path", title=called.path),
                    components.image_links(row.id, name=name, leave_out=("graph",), words=True),
                    html.A("Choose another start", href=components.link(PATH), className="card-link soft"),
                ],
                className="graph-words",
            ),
        ],
        className="graph-about",
    )


def _about_set(shown: Shown) -> html.Div:
    kind, links = "Collection", []
    if "map" in shown.start:
        kind = "Cluster"
        href = components.link("/", map=shown.start["map"])
        links = [html.Nav(html.A("Map", href=href, className="card-link"), **{"aria-label": "Cluster"})]
    return html.Div(
        html.Div(
            [
                html.H2(shown.title, title=shown.title),
                html.P(f"{kind} · {components.counted(shown.of, 'image')}", className="graph-path"),
                *links,
                html.A("Choose another start", href=components.link(PATH), className="card-link soft"),
            ],
            className="graph-words",
        ),
        className="graph-about",
    )
