"""The parts of the Image page: facts, file, palette, notes, maps, neighbors, copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dash import dcc, html

from dashboard import components, figures
from dashboard.access import ANNOTATE
from dashboard.chips import COLLECTION, TAG, act, chips, known
from dashboard.reads import Reads, galleries
from dashboard.reads.clusterings import Clustering, Clusterings
from dashboard.routes import small_maps
from pipeline import duplicates, things
from pipeline.errors import ImageError, LikenessError
from pipeline.library import ImageRow, notes
from pipeline.maps import COMBINED
from pipeline.pictures import decoding, hashes
from pipeline.pictures.palette import palette
from pipeline.search import Match, Query

NEIGHBORS = 8
COPIES = 12
_SEEN = 3  # kinds of things

_NOTES = {TAG: ("Tags", "Add a tag", "tag", "name"),
          COLLECTION: ("Collections", "Add to a collection", "keep", "name")}
"""Title, invitation, the act that adds, and which of its arguments is typed."""

_PATH = "/detail"


# Facts


def facts(reads: Reads, row: ImageRow) -> html.Div:
    """What the database knows of an image."""
    full = reads.where(row.place, row.path)
    known = {
        "Label": html.A(
            row.label, href=components.link(_PATH, image=row.id, label=row.label),
            title=f"Walk through “{row.label}”",
        ) if row.label else None,
        "Looks like": _seen(reads, row.id),
        "Pixels": _pixels(row.width, row.height) if row.width and row.height else None,
        "File": " · ".join(filter(None, (_size(row.size), _changed(row.mtime)))),
        "Folder": reads.where(row.root, ""),
        "Path": [html.Div(reads.told([row])), html.Button(
            [components.icon("copy"), html.Span("Copy the full path", **{"data-said": "true"})],
            type="button", className="button-quiet detail-copy", **{"data-copy": full},
        )],
    }
    return html.Div(_list(known), className="detail-facts")


def _seen(reads: Reads, image: int) -> str | None:
    """The kinds of things that the network is sure of, with their shares, narrower ones first."""
    sure = [(name, share) for name, share in things.seen(reads.library).of(image) if share >= things.SURE]
    wide = {kind.name: len(kind.classes) for kind in things.kinds()}
    sure.sort(key=lambda one: wide[one[0]])
    return ", ".join(f"{name} {share:.0%}" for name, share in sure[:_SEEN]) or None


def file_part(reads: Reads, row: ImageRow) -> list:
    """Whether the file can be read, and its colors."""
    try:
        told = [_list({"Format": decoding.probe(decoding.read(row.place)).format})]
    except ImageError as error:
        told = [] if row.state == "unreadable" else [components.error_note(f"About the file: {error}.")]
    jpeg = reads.library.thumbnail(row.id)
    return [*told, _palette(jpeg)] if jpeg else told


def _palette(jpeg: bytes) -> html.Div:
    swatches = palette(decoding.decode(jpeg))
    return html.Div(
        [
            html.H2("Colors"),
            html.Div([
                html.Div(style={"background": one.color, "flexGrow": f"{one.share:.4f}"}) for one in swatches
            ], className="palette-bar", **{"aria-hidden": "true"}),
            html.Ul([
                html.Li(html.Button(
                    [html.Span(className="palette-dot", style={"background": one.color}),
                     html.Span(one.color, className="palette-name", **{"data-said": "true"}),
                     html.Span(f"{one.share:.0%}", className="soft")],
                    type="button", className="row-button palette-color", title=f"Copy {one.color}",
                    **{"data-copy": one.color},
                ))
                for one in swatches
            ], className="palette-list"),
        ],
        className="palette",
    )


def _list(known: Mapping[str, object]) -> html.Dl:
    return html.Dl([
        html.Div([html.Dt(title), html.Dd(value)]) for title, value in known.items() if value is not None
    ], className="detail-list")


def _pixels(width: int, height: int) -> str:
    millions = width * height / 1e6
    return f"{width:,} × {height:,}" + (f" · {millions:.1f} megapixels" if millions >= 0.1 else "")


def _changed(seconds: float) -> str:
    """When a file was last changed; nothing where the calendar has no such day."""
    try:
        return f"changed {figures.day_and_time(datetime.fromtimestamp(seconds))}"
    except (ValueError, OverflowError, OSError):  # files carry years from 1 to far beyond 9999
        return ""


def _size(count: int) -> str:
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1e3:,.0f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


# Tags and collections


def notes_part(reads: Reads, image: int, kind: str) -> html.Div:
    """The chips of one kind; who may annotate has a field that adds to them."""
    title, invitation, does, field = _NOTES[kind]
    form = html.Form(
        [
            html.Label(
                [html.Span(invitation, className="visually-hidden"),
                 dcc.Input(
                     id=f"image-add-{kind}", type="text", placeholder=invitation, maxLength=notes.LONGEST,
                     list=f"image-known-{kind}s", autoComplete="off", className="text-field", value="",
                 )],
                className="detail-field",
            ),
            html.Button("Add", type="submit", className="button"),
        ],
        className="detail-add", **act(does, {"ids": [image]}), **{"data-field": field},
    )
    return html.Div(
        [
            html.H2(title),
            html.Div(chips_of(reads, image, kind), id=f"image-{kind}s", className="chips", role="status"),
            html.Datalist(offered(reads, kind), id=f"image-known-{kind}s"),
            *([form] if reads.may(ANNOTATE) else []),
        ],
        className="detail-notes",
    )


def chips_of(reads: Reads, image: int, kind: str) -> list:
    """The chips of one kind, each leading through the images that have it too."""
    return chips(reads, image, kind, lambda kind, name: html.A(
        name, href=components.link(_PATH, image=image, **{kind: name}), title=f"Walk through “{name}”",
    )) or [html.Span("None yet", className="soft small")]


def offered(reads: Reads, kind: str) -> list:
    """What the field offers while one types."""
    return [html.Option(value=name) for name in known(reads, kind)]


# Surroundings


def maps_part(reads: Reads, row: ImageRow, clusterings: Clusterings) -> html.Section:
    """The image's place on each map, and its cluster."""
    figures = [_place(clusterings.at(name, 0), row, clusterings) for name in reads.map_names()]
    content = html.Div(figures, className="detail-maps") if figures else html.P(
        "No map has been made yet.", className="soft")
    return html.Section([html.H2("On the maps"), content], **{"aria-label": "On the maps"})


def _place(clustering: Clustering, row: ImageRow, clusterings: Clusterings) -> html.Figure:
    chosen, name = clustering.map, clustering.map.name
    at = small_maps.place(chosen, row.id)
    if at is None:
        mark, told = [], "Has no place on this map"
    else:
        cluster = small_maps.cluster_at(chosen, row.id)
        told = "In no cluster" if cluster < 0 else clusterings.titles(clustering)[cluster]
        mark = [html.Span(className="place-mark", style={"left": f"{at[0]:.2%}", "top": f"{at[1]:.2%}"})]
    title = components.title_of(name)
    version = len(chosen.ids), int(chosen.stamps.sum()) & 0xFFFFFFFF  # another map has another address
    picture = html.Img(
        src=components.url(f"/map-image/{name}?of={version[0]}-{version[1]}"), className="place-map",
        alt=f"Map: {title}", draggable="false",
    )
    return html.Figure(
        [
            html.A(html.Span([picture, *mark], className="place"),
                     href=components.link("/", map=name, image=row.id), title="Show on this map"),
            html.Figcaption([html.Span(title), html.Span(told, className="soft")], className="small"),
        ],
    )


def neighbors_part(reads: Reads, row: ImageRow) -> html.Section:
    """The nearest images by each embedding and by all, a row each."""
    names = reads.embeddings()
    if not names:
        return html.Section(html.P("Without an index there are no neighbors to show.", className="soft"))
    order = [COMBINED, *names] if len(names) > 1 else list(names)
    titles = components.titles_of(order)
    rows = [html.H2("Nearest neighbors")]
    for name in order:
        weights = None if name == COMBINED else {name: 1.0}
        try:
            query = Query.around(row.id, weights=weights, top_k=NEIGHBORS)
            found = reads.search(query).matches
            content = _pictures(reads, found, why={"image": row.id, **(weights or {})})
        except LikenessError as error:
            content = components.error_note(str(error))
        more = html.A("More", href=components.link("/search", image=row.id, **(weights or {})),
                        className="card-link", title=f"Search by {titles[name]}")
        rows.append(html.Div(
            [html.Div([html.H3([html.Span(className=f"dot {components.part_of(name)}"), titles[name]]), more],
                      className="detail-row-head"), content],
            className="detail-row",
        ))
    return html.Section(rows, className="detail-neighbors", **{"aria-label": "Nearest neighbors"})


def copies_part(reads: Reads, row: ImageRow) -> html.Section | None:
    """Images whose hashes are so near that they may be the same picture again; those that a person said are none stay out."""
    if not reads.embeddings():
        return None
    none = notes.no_copies_of(reads.library, row.id)
    query = Query.around(row.id, top_k=COPIES, metric="hamming")
    query = replace(query, filter=replace(query.filter, exclude=(*query.filter.exclude, *none)))
    try:
        found = [m for m in reads.search(query).matches if (m.distance or 0) <= duplicates.BITS]
    except LikenessError:  # hashes are missing in libraries of older versions
        return None
    if found:
        note = f"Alike in light and dark, by their hashes: 0 of {hashes.BITS} bits apart is the same image."
        content = [html.P(note, className="soft small detail-hint"), _pictures(reads, found, bits=True, why={"image": row.id})]
    else:
        content = [html.P("None found.", className="soft")]
    return html.Section([html.H2("Possible near-duplicates"), *content],
                        **{"aria-label": "Possible near-duplicates"})


def _pictures(reads: Reads, matches: list[Match], *, bits: bool = False, why: Mapping | None = None) -> html.Div:
    """Matches as links to their own pages, in one row. why: what they were found with."""
    cards = []
    ids = [match.id for match in matches]
    called, shapes = reads.called(ids), galleries.shape_of(reads, ids)
    for rank, match in enumerate(matches, 1):
        name = called[match.id].name
        title = f"{match.label} · {name}" if match.label else name
        told = f"{match.distance:.0f} bits apart" if bits else f"{match.score:.3f}"
        cards.append(html.Div(
            [
                html.A(components.thumb(match.id, f"{rank}: {title}"), className="card-picture",
                         href=components.link(_PATH, image=match.id), title=title),
                html.A(told, href=components.link("/why", **why, match=match.id), className="small num detail-why", title="Why?")
                if why else html.Span(told, className="small num"),
            ],
            className="detail-card", style=components.shaped(shapes[match.id]),
        ))
    return components.justified(cards)
