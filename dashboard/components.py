"""The parts that pages are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dash import html
from flask import has_request_context, request

from pipeline import embeddings
from pipeline.library.images import printable
from pipeline.maps import COMBINED
from pipeline.progress import counted  # noqa: F401 (pages say it by this module)
from pipeline.search import Match

if TYPE_CHECKING:
    from dashboard.reads import Called


def title_of(embedding: str) -> str:
    """What the screen calls an embedding, or the combination of all."""
    if embedding == COMBINED:
        return "All combined"
    return embeddings.about(embedding).title


def part_of(embedding: str) -> str:
    """The class of what is drawn in an embedding's color: embeddings of a role have one color."""
    return f"part-{embedding if embedding == COMBINED else embeddings.about(embedding).role}"


def titles_of(names: Sequence[str]) -> dict[str, str]:
    """The titles of several embeddings; where two are alike the name tells them apart."""
    titles = {name: title_of(name) for name in names}
    several = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    return {
        name: f"{title} ({name})" if title in several else title for name, title in titles.items()
    }


def view(path: str, params: Mapping[str, object], *, replace: bool = True) -> dict:
    """What a page shows, for its store `<page>-view`: the address follows it.

    Parameters that are None or empty are left out. `replace` false adds a step that Back
    returns from, as after choosing another image.
    """
    kept = {name: str(value) for name, value in params.items() if value not in (None, "")}
    search = f"?{urlencode(kept)}" if kept else ""
    return {"path": path, "search": search, "replace": replace}


def url(path: str) -> str:
    """The address of a path of this library's dashboard, which may be mounted below another path."""
    return (request.script_root if has_request_context() else "") + path


def link(path: str, **params: object) -> str:
    """The address of a page in a state."""
    return url(path) + view(path, params)["search"]


def command(words: str, data: Path | None) -> str:
    """A command of the pipeline for the library in directory `data`, as a shell takes it; where
    it lies is left out for those who are not told."""
    return f"python -m pipeline {words} --data {quote(str(data)) if data else 'LIBRARY'}"


def icon(name: str) -> html.Span:
    """One of Bootstrap's icons in the color of the text around it; decoration only."""
    return html.Span(
        className="icon", style={"--icon": f"url({url(f'/bootstrap/icons/{name}.svg')})"},
        **{"aria-hidden": "true"},
    )


def thumb(image_id: int, alt: str) -> html.Img:
    """A thumbnail, whole and in its own proportions."""
    return html.Img(src=url(f"/thumb/{int(image_id)}"), alt=alt, className="thumb", draggable="false")


def name_of(path: str) -> str:
    """The file's own name out of its path, as it can be shown."""
    return printable(PurePosixPath(path).name)


_LINKS = (
    ("map", "/", "On the map", "geo-alt"),
    ("search", "/search", "Use as query", "search"),
    ("compare", "/compare", "Compare", "layout-three-columns"),
    ("graph", "/graph", "Graph", "diagram-3"),
    ("detail", "/detail", "Details", "info-circle"),
)

_SHORT = {"map": "Map"}
"""Words that take less room than the full text, which is then the tooltip."""


def image_links(
    image_id: int, *, name: str = "", leave_out: Sequence[str] = (), words: bool = False, why: str | None = None,
) -> html.Div:
    """Small links to what else can be done with an image: icons, with words where there is room.

    name: of the image, for screen readers. leave_out: any of map, search, compare, graph,
    detail, such as the page that the links stand on. why: where it is said why it is a match, if it is one.
    """
    of = f": {name}" if name else ""
    return html.Div(
        [
            html.A(
                [icon(picture), *([_SHORT.get(key, text), html.Span(of, className="visually-hidden")]
                                  if words else [html.Span(f"{text}{of}", className="visually-hidden")])],
                href=link(path, image=int(image_id)),
                className="image-link", title=text,
            )
            for key, path, text, picture in _LINKS
            if key not in leave_out
        ] + ([html.A([icon("question-circle"), html.Span(f"Why is it a match?{of}", className="visually-hidden")], href=why,
                     className="image-link", title="Why is it a match?")] if why else []),
        className="image-links image-words" if words else "image-links",
    )


def match_card(
    match: Match,
    called: Called,
    rank: int,
    weights: Mapping[str, float],
    *,
    kind: str,
    shape: int,
    leave_out: Sequence[str] = (),
    why: str | None = None,
) -> html.Article:
    """One match: picture with links over it, rank, score, parts, label. called: see `Reads.called`; shape: `shaped`.

    The picture is a button with id {"type": kind, "image": match.id}; leave_out: see `image_links`.
    """
    name = called.name
    title = f"{match.label} · {name}" if match.label else name
    return html.Article(
        className="match", style=shaped(shape),
        children=[
            html.Div(
                [
                    html.Button(
                        thumb(match.id, f"Match {rank}: {title}"),
                        id={"type": kind, "image": match.id}, type="button", className="match-picture",
                        title=title, **{"aria-label": f"Show: match {rank}, {title}"},
                    ),
                    image_links(match.id, name=name, leave_out=leave_out, why=why),
                ],
                className="match-top",
            ),
            html.Div(
                [html.Span(str(rank), className="match-rank"), _figure(match)],
                className="match-figures",
            ),
            parts_bar(match.parts, weights),
            html.Div(match.label or name, className="match-label", title=called.path),
        ],
    )


def legend(names: Iterable[str]) -> html.Div:
    """Above a list of matches, once: what the bars below the pictures are of."""
    return html.Div(
        [html.Span([html.Span(className=f"dot {part_of(name)}"), title_of(name)]) for name in names],
        className="legend", title="The bars below the pictures: how alike, from 0 to 1, by each",
    )


def _figure(match: Match) -> html.Span:
    """The score, after the metric's distance where that is what ranks."""
    score = html.Span(
        f"{match.score:.3f}", className="match-score",
        title="Score: the weighted mean of the cosines, 1 is the same",
    )
    if match.distance is None:
        return score
    distance = html.Span(f"dist {match.distance:.4g}", title="Distance by the chosen metric, 0 is the same")
    return html.Span([distance, score], className="match-both")


def parts_bar(parts: Mapping[str, float], weights: Mapping[str, float]) -> html.Div:
    """A thin bar per embedding, as long as its cosine; those without weight are faint."""
    figures = ", ".join(f"{title_of(name)} {value:.2f}" for name, value in parts.items())
    bars = [
        html.Div(
            html.Div(
                className=f"part {part_of(name)}", style={"width": f"{max(0.0, min(1.0, value)):.1%}"}
            ),
            className="part-track" if weights.get(name) else "part-track part-off",
        )
        for name, value in parts.items()
    ]
    return html.Div(bars, className="parts", role="img", title=figures, **{"aria-label": figures})


def gallery(cards: Sequence) -> html.Div:
    """Cards in a grid that fills the width."""
    return html.Div(list(cards), className="gallery")


def justified(cards: Iterable) -> html.Div:
    """Whole pictures in rows as wide as the room, each of the style that `shaped` gives it."""
    return html.Div(list(cards), className="justified")


def shaped(shape: int) -> dict[str, str]:
    """The style of a card among `justified` ones. shape: width by height in thousandths, 0 where it is not known."""
    return {"--shape": f"{min(3.0, max(0.7, shape / 1000)) if shape else 1.0:.3f}"}


def empty_state(title: str, text: str, command: str | None = None, action=None) -> html.Div:
    """What to do where there is nothing to show yet; `command` is shown to be copied."""
    children = [html.H1(title), html.P(text)]
    if command:
        children.append(html.Pre(html.Code(command), className="command"))
    if action is not None:
        children.append(action)
    return html.Div(children, className="empty-state")


def no_images(data: Path | None, may: bool) -> html.Div:
    """What stands on a page of an empty library; may: whether the Library page can add a folder."""
    if may:
        return empty_state("No images yet", "Add a folder of images first.", action=to_library())
    return empty_state(
        "No images yet", "Give Likeness a folder of images, then come back to this page.",
        command("run FOLDER", data),
    )


def no_map(data: Path | None, may: bool) -> html.Div:
    """What stands on a page that needs a map, where there is none."""
    title = "There is no map of these images yet"
    if may:
        return empty_state(title, "The Library page can make it.", action=to_library())
    return empty_state(title, "Make it with this, then reload the page:", command("map", data))


def not_compared(data: Path | None, may: bool) -> html.Div:
    """What stands on a page that needs the index, where there is none."""
    title = "These images have not been compared yet"
    if may:
        return empty_state(title, "The Library page can finish the work.", action=to_library())
    return empty_state(title, "This finishes the work:", command("run FOLDER", data))


def to_library() -> html.A:
    """The way to the page on which the library can be completed."""
    return html.A("Open the Library page", href=link("/library"), className="button button-main")


def error_note(text: str) -> html.Div:
    """One sentence about what did not work, read out to screen readers at once."""
    return html.Div(text, className="error-note", role="alert")
