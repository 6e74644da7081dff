"""What the Library page can do: add and update folders, stop a run; `folders` forgets and relocates.

Only where the server lets it (see `dashboard.access`), since it reads folders of the
machine that the server runs on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components
from dashboard.access import RUN, needs
from dashboard.access.asked import pressed
from dashboard.pages.library import folders
from dashboard.pages.library.parts import ALL_FOLDERS, INDEX, UPDATE, section
from dashboard.pages.library.runs import STOP
from dashboard.reads import Reads
from pipeline.embeddings import EMBEDDINGS, Embedding, find, ordered
from pipeline.errors import LikenessError, SettingsError
from pipeline.search import words

AUTO, NOW = "auto", "now"  # a select shows an empty value as none
"""Whatever can be computed here; what the library is compared by already."""


def controls(reads: Reads) -> list:
    """The form for another folder, and what is asked before one goes; nothing where not allowed."""
    if not reads.may(RUN):
        return []
    return [_form(reads), *folders.dialogs()]


def register(app: Dash, reads: Reads, look: Callable[[str | None], tuple]) -> None:
    """Add the callbacks. look: what was seen → the page as it is now, as the page's tick gives it."""
    note = Output("library-note", "children", allow_duplicate=True)
    page = [
        Output("library-live", "children", allow_duplicate=True),
        Output("library-body", "children", allow_duplicate=True),
        Output("library-tick", "interval", allow_duplicate=True),
        Output("library-seen", "data", allow_duplicate=True),
    ]
    seen = State("library-seen", "data")
    every = {"prevent_initial_call": True}

    @app.callback(Output("library-folders", "children"), Input("library-folder", "value"), **every)
    @needs(RUN)
    def on_typed(folder: str | None):
        return [html.Option(value=name) for name in reads.jobs.suggestions(folder or "")]

    @app.callback(
        note, Output("library-folder", "value"), *page,
        Input("library-add", "n_clicks"), Input("library-folder", "n_submit"),
        State("library-folder", "value"), State("library-by", "value"), seen,
        running=[(Output("library-add", "disabled"), True, False)], **every,
    )
    @needs(RUN)
    def on_add(_, __, folder: str | None, by: str, seen: str | None):
        said = start(reads, folder or "", by)
        return said, no_update if said else "", *look(seen)

    @app.callback(note, *page, Input({"type": UPDATE, "root": ALL, "at": ALL}, "n_clicks"), seen, **every)
    @needs(RUN)
    def on_update(clicks: list, seen: str | None):
        if not any(clicks):
            return (no_update,) * 5
        return start(reads, pressed("root") or "", NOW), *look(seen)

    @app.callback(note, *page, Input({"type": ALL_FOLDERS, "at": ALL}, "n_clicks"), seen, **every)
    @needs(RUN)
    def on_update_all(clicks: list, seen: str | None):
        if not any(clicks):
            return (no_update,) * 5
        return _tried(lambda: reads.jobs.update_all(list(reads.roots()))), *look(seen)

    @app.callback(note, *page, Input({"type": INDEX, "at": ALL}, "n_clicks"), seen, **every)
    @needs(RUN)
    def on_index(clicks: list, seen: str | None):
        if not any(clicks):
            return (no_update,) * 5
        return _tried(reads.jobs.index), *look(seen)

    @app.callback(note, *page, Input({"type": STOP, "at": ALL}, "n_clicks"), seen, **every)
    @needs(RUN)
    def on_stop(clicks: list, seen: str | None):
        if not any(clicks):
            return (no_update,) * 5
        return _tried(reads.jobs.stop), *look(seen)

    folders.register(app, reads, note, page, seen, look)


def start(reads: Reads, folder: str, by: str):
    """Start a run on a folder; a note where that cannot be."""

    def run() -> None:
        unknown = [name for name in by.split(",") if not find(name)]
        if by not in (AUTO, NOW) and unknown:
            raise SettingsError(f"There is no embedding {unknown[0]!r}.")
        reads.jobs.update(folder, None if by == NOW else by)

    return _tried(run)


def choices(names: Sequence[str]) -> dict[str, str]:
    """What images can be compared by, as the command line takes it, and in words; names: those
    of the library, whose way comes first."""
    auto = {name: entry for name, entry in EMBEDDINGS.items() if entry.auto}
    offline = {entry.stand_in or name: EMBEDDINGS[entry.stand_in or name] for name, entry in auto.items()}
    quick = {name: entry for name, entry in auto.items() if not entry.uses_network}
    first = dict([next(iter(quick.items()))])
    given = {
        AUTO: _told(auto), ",".join(offline): f"{_told(offline)} · without a download",
        ",".join(quick): _told(quick), ",".join(first): f"{_told(first)} alone · fastest",
    }
    if not names:
        return given
    given.pop(AUTO)
    given.pop(",".join(names), None)
    now = ", ".join(components.titles_of(names).values())
    worded, computed = words.KNOWN_BY["thing"], [name for name in names if find(name)]
    if worded not in names:
        given = {",".join(ordered([*computed, worded])): "As now, and by what is in the image: words for things, names", **given}
    return {NOW: f"As now: {now}", **given}


def _told(entries: Mapping[str, Embedding]) -> str:
    first, *others = (entry.title for entry in entries.values())
    return ", ".join([first, *(title.lower() for title in others)])


def _tried(action: Callable):
    """A note where an action is refused, else nothing."""
    try:
        action()
    except LikenessError as error:
        return components.error_note(str(error))
    return None


def _form(reads: Reads) -> html.Section:
    offered = choices(list(reads.library.embeddings()))
    return section(
        "Add a folder",
        html.Div(
            [
                html.Label(
                    [html.Span("Folder on this machine", className="field-label"),
                     dcc.Input(
                         id="library-folder", type="text", placeholder="/home/me/Pictures", value="",
                         list="library-folders", autoComplete="off", spellCheck=False,
                         className="text-field",
                     )],
                    className="add-folder",
                ),
                html.Datalist(id="library-folders"),
                html.Label(
                    [html.Span("Compare by", className="field-label"),
                     dbc.Select(id="library-by", value=next(iter(offered)),
                                options=[{"value": key, "label": text} for key, text in offered.items()])],
                    className="add-by",
                ),
                html.Button([components.icon("plus-lg"), "Add"], id="library-add", type="button",
                            className="button button-main"),
            ],
            className="add-form",
        ),
        note="Images stay where they are: Likeness only reads them.",
    )
