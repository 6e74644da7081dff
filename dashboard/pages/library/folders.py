"""Folders of the library that are forgotten, or found again elsewhere: asked before, told after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components, pools
from dashboard.access import RUN, needs
from dashboard.access.asked import pressed
from dashboard.pages.library.parts import FORGET, RELOCATE
from dashboard.reads import Reads
from pipeline.errors import LikenessError
from pipeline.extraction import folders
from pipeline.library import notes
from pipeline.library.images import printable
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent


def dialogs() -> list:
    """What is asked before a folder is forgotten, and where one lies now."""
    return [
        dcc.Store(id="library-folder-meant"),
        _dialog(
            "forget", "Forget this folder?", [html.Div(id="library-forget-asked", className="asked")],
            "Keep it", "Forget", "button-bad",
        ),
        _dialog(
            "relocate", "Where does this folder lie now?",
            [html.Div(id="library-relocate-asked", className="asked"), _field(),
             html.Div(id="library-relocate-said")],
            "Cancel", "Relocate", "button-main",
        ),
    ]


def register(
    app: Dash, reads: Reads, note: Output, page: Sequence[Output], seen: State, look: Callable[[str | None], tuple]
) -> None:
    """Add the callbacks. note, page, seen, look: see `library.actions.register`."""
    every = {"prevent_initial_call": True}
    meant = State("library-folder-meant", "data")

    @app.callback(
        Output("library-forget", "is_open"), Output("library-forget-asked", "children"),
        Output("library-relocate", "is_open"), Output("library-relocate-asked", "children"),
        Output("library-relocate-said", "children"), Output("library-place", "value"),
        Output("library-folder-meant", "data"),
        Input({"type": FORGET, "root": ALL}, "n_clicks"), Input({"type": RELOCATE, "root": ALL}, "n_clicks"),
        Input("library-forget-not", "n_clicks"), Input("library-relocate-not", "n_clicks"), **every,
    )
    @needs(RUN)
    def on_asked(forgets: list, relocates: list, *_):
        root = pressed("root")
        if root is None or not any([*forgets, *relocates]):
            return False, no_update, False, no_update, None, no_update, None
        if pressed("type") == FORGET:
            return True, what_goes(reads, root), False, no_update, None, no_update, root
        return False, no_update, True, what_stays(root), None, root, root

    @app.callback(
        note, Output("library-forget", "is_open", allow_duplicate=True), *page,
        Input("library-forget-sure", "n_clicks"), meant, seen,
        running=[(Output("library-forget-sure", "disabled"), True, False)], **every,
    )
    @needs(RUN, pool=pools.LONG)
    def on_forget(_, root: str | None, seen: str | None):
        return forget(reads, root or ""), False, *look(seen)

    @app.callback(Output("library-places", "children"), Input("library-place", "value"), **every)
    @needs(RUN)
    def on_typed(place: str | None):
        return [html.Option(value=name) for name in reads.jobs.suggestions(place or "")]

    @app.callback(
        note, Output("library-relocate-said", "children", allow_duplicate=True),
        Output("library-relocate", "is_open", allow_duplicate=True), *page,
        Input("library-relocate-sure", "n_clicks"), Input("library-place", "n_submit"),
        State("library-place", "value"), meant, seen,
        running=[(Output("library-relocate-sure", "disabled"), True, False)], **every,
    )
    @needs(RUN)
    def on_relocate(_, __, place: str | None, root: str | None, seen: str | None):
        done, refused = relocate(reads, root or "", place or "")
        if refused is not None:
            return no_update, refused, no_update, *(no_update,) * len(page)
        return done, None, False, *look(seen)


def forget(reads: Reads, root: str) -> html.Div | html.P:
    """Forget a folder's images; says how many, and what is then to be done."""
    library = reads.library
    try:
        with library.writing(), RunRecord(library, "forget", {"folder": root}, Silent()) as record:
            count = folders.forget(library, root)
            record.message = f"{count:,} images forgotten"
    except LikenessError as error:
        return components.error_note(str(error))
    were = "1 image is" if count == 1 else f"{count:,} images are"
    more = " Index and maps still hold them until they are updated." if any(library.counts().values()) else ""
    return _done(f"{were} forgotten. The files are untouched.{more}")


def relocate(reads: Reads, root: str, place: str) -> tuple[html.P | None, html.Div | None]:
    """Say that a folder lies elsewhere now: what came of it, or why it is refused."""
    library = reads.library
    try:
        new = reads.jobs.checked(place)
        with library.writing(), RunRecord(library, "relocate", {"old": root, "new": str(new)}, Silent()) as record:
            count = folders.relocate(library, root, new)
            record.message = f"{count:,} images relocated"
    except LikenessError as error:
        return None, components.error_note(str(error))
    were = "1 image is" if count == 1 else f"{count:,} images are"
    return _done(f"{were} now looked for in {printable(str(new))}."), None


def what_goes(reads: Reads, root: str) -> list:
    """What is lost when a folder is forgotten, and that it does not come back."""
    count = reads.roots().get(root, 0)
    said = [html.P([
        components.counted(count, "image"), " of ", html.Span(printable(root), className="path"),
        " will leave the library. The files themselves stay where they are.",
    ])]
    lost = _noted(notes.noted_in(reads.library, root))
    if lost:
        said.append(html.P([html.Strong("This cannot be undone: "), f"what you noted goes with them, {lost}. "
                            "Added again, the folder is computed anew, without these."]))
    else:
        said.append(html.P("This cannot be undone; added again, the folder is computed anew."))
    return said


def what_stays(root: str) -> list:
    """What it means that a folder is relocated."""
    return [html.P([
        "For when ", html.Span(printable(root), className="path"), " has been moved or renamed, or its disk is "
        "found elsewhere now. Nothing is read or computed: images keep vectors, tags, collections and ratings.",
    ])]


def _noted(counts: Mapping[str, int]) -> str:
    texts = {"tagged": "the tags of", "collected": "the places in collections of", "rated": "the ratings of",
             "decided": "the decisions on copies of"}
    told = [f"{text} {counts[kind]:,}" for kind, text in texts.items() if counts[kind]]
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


def _done(text: str) -> html.P:
    return html.P(text, className="done-note", role="status")


def _field() -> html.Div:
    return html.Div([
        html.Label([
            html.Span("Folder on this machine", className="field-label"),
            dcc.Input(id="library-place", type="text", value="", list="library-places", autoComplete="off",
                      spellCheck=False, className="text-field"),
        ]),
        html.Datalist(id="library-places"),
    ])


def _dialog(name: str, title: str, content: list, no: str, yes: str, kind: str) -> dbc.Modal:
    """A question with two answers, `library-<name>-not` and `library-<name>-sure`."""
    return dbc.Modal(
        [
            html.H2(title, id=f"library-{name}-title"),
            *content,
            html.Div(
                [html.Button(no, id=f"library-{name}-not", type="button", className="button"),
                 html.Button(yes, id=f"library-{name}-sure", type="button", className=f"button {kind}")],
                className="dialog-foot",
            ),
        ],
        id=f"library-{name}", is_open=False, centered=True, content_class_name="question",
        labelledby=f"library-{name}-title",
    )
