"""Facts as the screen shows them: in full on the Image page, in one line beside a picture."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html

from dashboard import components
from pipeline import columns
from pipeline.library.facts import KEYWORD, KNOWN, OWN, ImageFacts

_SHORT = 140
"""Characters of a prompt or caption in a line."""
_FOLDED = 240
"""A longer prompt is folded."""


def told(facts: ImageFacts) -> html.Div | None:
    """All that is known of an image, the prompt folded; None where nothing is."""
    values = facts.values
    lists = [_list(_shot(values)), _list(_written(values)), *_made(values), _list(_own(values))]
    problem = (
        components.error_note(f"Not all the file says could be read: {facts.problem}.")
        if facts.problem
        else None
    )
    shown = [part for part in (*lists, problem) if part is not None]
    return html.Div(shown, className="facts") if shown else None


def short(facts: ImageFacts) -> str | None:
    """What is said first of a picture: its title, caption or prompt, when it was taken and with what."""
    values = facts.values
    text = values.get("title") or values.get("caption") or values.get("prompt")
    if text and len(text := " ".join(text.split())) > _SHORT:
        text = text[: _SHORT - 1].rsplit(" ", 1)[0] + "…"
    when = values["taken"][:10] if "taken" in values else None
    return " · ".join(filter(None, (text, when, values.get("camera") or values.get("generator")))) or None


def exposure(values: Mapping[str, object]) -> str | None:
    """`1/250 s · f/2.8 · ISO 100 · 50 mm`, of what is known."""
    seconds, parts = values.get("exposure"), []
    if seconds:
        parts.append(f"{seconds:g} s" if seconds >= 0.3 else f"1/{1 / seconds:.0f} s")
    if aperture := values.get("aperture"):
        parts.append(f"f/{aperture:.3g}")
    if iso := values.get("iso"):
        parts.append(f"ISO {iso:.0f}")
    if focal := values.get("focal_length"):
        parts.append(f"{focal:.4g} mm")
    return " · ".join(parts) or None


def _shot(values: Mapping[str, object]) -> dict[str, object]:
    place = f"{values['latitude']:.5f}, {values['longitude']:.5f}" if "latitude" in values else None
    return {
        "Taken": _time(values["taken"]) if "taken" in values else None,
        "Camera": values.get("camera"),
        "Lens": values.get("lens"),
        "Exposure": exposure(values),
        "Place": html.Span(place, className="num", title="Latitude and longitude, degrees")
        if place
        else None,
    }


def _written(values: Mapping[str, object]) -> dict[str, object]:
    stars = values.get("rating")
    return {
        "Title": values.get("title"),
        "Caption": html.Span(values["caption"], className="facts-text") if "caption" in values else None,
        "Keywords": html.Ul(
            [html.Li(_leads(KEYWORD, word)) for word in values[KEYWORD]], className="facts-keywords"
        )
        if KEYWORD in values
        else None,
        "Rating": None if stars is None else "rejected" if stars < 0 else f"{stars} of 5",
        "Creator": values.get("creator"),
        "Copyright": values.get("copyright"),
    }


def _leads(column: str, value: str) -> html.A:
    """A value that leads to all images that have it."""
    where = columns.printed([columns.OneOf(column, (value,))])
    return html.A(value, href=components.link("/search", where=where), title=f"All images with “{value}”")


def _made(values: Mapping[str, object]) -> list[html.Div]:
    """The prompts, and what they were given to."""
    parts = [
        _prompt(KNOWN[name].title, values[name]) for name in ("prompt", "negative_prompt") if name in values
    ]
    made = _list(
        {"Made with": values.get("generator"), "Model": values.get("model"), "Seed": values.get("seed")}
    )
    return [*parts, *([made] if made else [])]


def _prompt(title: str, text: str) -> html.Div:
    copy = html.Button(
        [components.icon("copy"), html.Span("Copy", **{"data-said": "true"})],
        type="button",
        className="button-quiet",
        **{"data-copy": text, "aria-label": f"Copy: {title.lower()}"},
    )
    body = html.P(text, className="facts-text")
    if len(text) > _FOLDED or text.count("\n") > 4:
        beginning = text[:_FOLDED].rsplit(" ", 1)[0]
        more = html.Span(className="facts-more")  # whose words follow whether it is open
        body = html.Details([html.Summary([html.Span(f"{beginning} …", className="facts-text"), more]), body])
    return html.Div(
        [html.Div([html.H2(title), copy], className="facts-head"), body], className="facts-prompt"
    )


def _own(values: Mapping[str, object]) -> dict[str, object]:
    """A person's own columns, under the names they gave them."""
    return {
        name.removeprefix(OWN): "; ".join(_figure(value) for value in several)
        for name, several in values.items()
        if name.startswith(OWN)
    }


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.10g}"
    return str(value).removesuffix("T00:00:00")


def _list(known: Mapping[str, object]) -> html.Dl | None:
    rows = [html.Div([html.Dt(title), html.Dd(value)]) for title, value in known.items() if value is not None]
    return html.Dl(rows, className="detail-list") if rows else None


def _time(text: str) -> str:
    """A time as facts keep it, without what is smaller than a second."""
    when, zone = text[:19], text[19:].lstrip(".0123456789")
    return f"{when.replace('T', ' ')}{f' {zone}' if zone else ''}"
