"""Which weights for which job? What labels and thumbs say of how much each embedding should count.

It stands anew after every act; what is learned is a preset of Search.
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import Dash, Output, html

from dashboard import acts, components
from dashboard.access import ANNOTATE, READ, RUN, needs
from dashboard.chips import act
from dashboard.pages.library.parts import section
from dashboard.reads import Reads
from pipeline import embeddings, learned
from pipeline.learned import LABELS, THUMBS, Learned
from pipeline.progress import counted

PATH = "/weights"
TITLE = "Weights"
NAV = None  # Search leads here

_JOBS = {
    LABELS: ("From labels", "Finds the weights by which images with the same label come first."),
    THUMBS: ("From thumbs", "Finds the weights by which matches that you called good come before those you called bad."),
}
_FIGURE = {LABELS: "mean average precision", THUMBS: "pairs in the right order"}


def layout(reads: Reads, params: Mapping[str, str]):
    """The page."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    return html.Div(
        [html.H1("Which weights for which job?"), html.Div(body(reads), id="weights-body", className="weights-body")],
        className="weights page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callback."""

    @app.callback(Output("weights-body", "children"), *acts.changed(acts.WEIGHTS, acts.RATINGS), prevent_initial_call=True)
    @needs(READ)
    def on_acted(_weights, _ratings):
        return body(reads)


def body(reads: Reads) -> list:
    """What counts where nobody says, and what each source says."""
    names = list(reads.embeddings())
    titles = components.titles_of(names)
    usual = embeddings.usual(names)
    known, there = learned.kept(reads.library), learned.count(reads.library)
    return [
        html.P([
            "Where nobody says, ", ", ".join(f"{titles[name]} counts {weight:g}" for name, weight in usual.items()),
            ". What is better for your pictures and your question, labels and thumbs can tell: weights are tried on one part "
            "of them and judged on the others.",
        ], className="soft weights-about"),
        html.Div([_source(reads, source, there[source], known.get(source), titles) for source in _JOBS], className="weights-sources"),
    ]


def _source(reads: Reads, source: str, count: tuple[int, int], found: Learned | None, titles: Mapping[str, str]) -> html.Section:
    title, about = _JOBS[source]
    groups, things = count
    there = (
        f"{counted(things, 'image')} with {counted(groups, 'label')}." if source == LABELS
        else f"{counted(things, 'thumb')} on the matches of {groups:,} search{'es' * (groups != 1)}."
    )
    lacks = "" if found else learned.lacking(source, groups, things)
    learn = html.Button(
        "Learn again" if found else "Learn", type="button", className="button" if found else "button button-main",
        **act("learn-weights", {"from": source}),
    )
    forget = html.Button("Forget", type="button", className="card-link", **act("put-weights", {"from": source, "what": None}))
    tools = [learn, *([forget] if found else [])] if reads.may(ANNOTATE) and not lacks else []
    return section(
        title, html.P(about), html.P(f"{there} {lacks}".strip(), className="soft small"),
        *([_found(found, titles)] if found else []), html.Div(tools, className="weights-tools"),
    )


def _found(found: Learned, titles: Mapping[str, str]) -> html.Div:
    names = sorted(found.weights, key=lambda name: (list(titles).index(name) if name in titles else len(titles), name))  # as everywhere
    rows = [_bar(name, titles.get(name, name), found.weights[name], found.ranges[name]) for name in names]
    gain = html.P([
        f"{_FIGURE[found.source].capitalize()} ", html.Span(f"{found.before:.3f} → {found.after:.3f}", className="num"), ", a gain of ",
        html.Strong(f"{found.after - found.before:+.3f}", className="num"), f" ({found.low:+.3f} to {found.high:+.3f}), on ",
        f"{found.questions:,} {'images' if found.source == LABELS else 'searches'} that had no say in the choice.",
    ], className="small")
    use = html.A("Search by these", href=components.link("/search", **{name: f"{weight:g}" for name, weight in found.weights.items()}),
                 className="card-link")
    return html.Div([html.Div(rows, className="weights-bars"), gain, html.P([f"On Search it is the preset “{found.title}”. ", use], className="small")])


def _bar(name: str, title: str, weight: float, ends: tuple[float, float]) -> html.Div:
    """A weight, and within which bounds it lay in nine of ten samples."""
    low, high = ends
    told = f"{title}: {weight:g}, in nine of ten samples {low:g} to {high:g}"
    bar = html.Div(
        [html.Div(className=f"weights-share {components.part_of(name)}", style={"width": f"{weight:.0%}"}),
         html.Div(className="weights-range", style={"left": f"{min(low, 0.99):.0%}", "width": f"{max(high - low, 0.01):.0%}"})],
        className="weights-track", role="img", title=told, **{"aria-label": told},
    )
    return html.Div([html.Span(title), bar, html.Span(f"{weight:g}", className="num")], className="weights-row")
