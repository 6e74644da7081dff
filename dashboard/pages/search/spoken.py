"""Entries without a picture: words, and palettes of colors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dash import html

from dashboard import components
from dashboard.access import RUN
from dashboard.pages.search.entry import Asked, Entry, Kind, Stage
from dashboard.reads import Reads
from pipeline import things
from pipeline.embeddings import color_words, imagenet
from pipeline.search import PaletteEntry, WordsEntry, words

_LONGEST = 200
"""Characters of one entry of words."""
_COLOR = r"[0-9a-f]{6}\.\d{1,3}"
_CLASSES = 6
"""Classes that are named of an everyday word."""


class Words(Kind):
    """Words for things and colors; its key is their text."""

    name = "words"
    stands_out = True
    nothing = "Nothing stands out for these words."
    parameters = {"words": False, "minus_words": True}

    def key(self, text: str) -> str | None:
        return " ".join(text.split())[:_LONGEST].strip() or None

    def read(self, params: Mapping[str, str]) -> list[Entry]:
        return [
            Entry(self.name, key, minus) for parameter, minus in self.parameters.items()
            for key in map(self.key, params.get(parameter, "").split("\n")) if key
        ]

    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        return {  # no key has a line break in it
            parameter: "\n".join(one.key for one in entries if one.minus == minus) or None
            for parameter, minus in self.parameters.items()
        }

    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        return f"“{entry.key}”"

    def thumbnail(self, reads: Reads, entry: Entry):
        return html.Span(entry.key, className="tile-words")

    def stage(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> Stage:
        understood = reads.searcher.understood(entry.key)
        kinds = {part.text: part for part in words.parse(entry.key).parts}
        told = [_heard(reads, text, by, kinds.get(text)) for text, by in understood.heard.items()]
        told += [_unheard(reads, word) for word in understood.unknown]
        return Stage(html.Div([html.Strong(entry.key), html.Ul(told)], className="query-words"))

    def query(self, asked: Asked, entry: Entry):
        return WordsEntry(entry.key, entry.minus), set()


class Palette(Kind):
    """One to five colors, each with a share in percent; its key is `c8452b.60_fdebc8.40`."""

    name, parameter = "palette", "palette"
    stands_out = True
    nothing = "Nothing stands out for these colors."

    def key(self, text: str) -> str | None:
        found = re.fullmatch(rf"{_COLOR}(_{_COLOR}){{0,4}}", text.casefold(), re.ASCII)
        shares = [int(part.partition(".")[2]) for part in text.split("_")] if found else []
        return text.casefold() if shares and all(1 <= share <= 100 for share in shares) else None

    def read(self, params: Mapping[str, str]) -> list[Entry]:
        given = filter(None, params.get(self.parameter, "").split(","))
        found = [(self.key(text.removeprefix("-")), text.startswith("-")) for text in given]
        return [Entry(self.name, key, minus) for key, minus in found if key]

    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        return {self.parameter: ",".join(f"{'-' * one.minus}{one.key}" for one in entries) or None}

    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        return f"the colors {', '.join(color for color, _ in parts(entry.key))}"

    def thumbnail(self, reads: Reads, entry: Entry):
        return html.Span(
            [html.Span(style={"background": color, "flexGrow": share}) for color, share in parts(entry.key)],
            className="tile-palette",
        )

    def stage(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> Stage:
        """The browser puts the wells there (assets/search/palette.js)."""
        return Stage(html.Div(className="query-palette", **{"data-palette": entry.key}))

    def query(self, asked: Asked, entry: Entry):
        colors, shares = zip(*parts(entry.key))
        return PaletteEntry(colors, tuple(map(float, shares)), entry.minus), set()


def parts(key: str) -> list[tuple[str, int]]:
    """The colors of a palette's key as #rrggbb, with their shares."""
    found = [part.split(".") for part in key.split("_")]
    return [(f"#{color}", int(share)) for color, share in found]


def _heard(reads: Reads, text: str, by: Sequence[str], part: words.Part | None) -> html.Li:
    """Who has a say in some words, what they stand for, and how often that is surely seen: matches
    stand out of the library in any case, also where it has nothing of the kind."""
    dots = [html.Span(className=f"dot {components.part_of(name)}") for name in by]
    said = " and ".join(components.title_of(name) for name in by)
    if part is not None and part.kind == "color":
        dots.append(html.Span(className="palette-dot", style={"background": color_words.sample(part.name)}))
    thing = imagenet.find(part.name) if part is not None and part.kind == "thing" else None
    if thing is not None and len(thing.classes) > 1:
        titles = [imagenet.titles()[number] for number in thing.classes]
        rest = f" and {len(titles) - _CLASSES} more" if len(titles) > _CLASSES else ""
        said += f": {', '.join(titles[:_CLASSES])}{rest}"
    if thing is not None and things.NAME in by:
        sure = int((things.at_hand(reads.library).likely(thing.classes)[1] >= things.SURE).sum())
        said += f" · sure of {components.counted(sure, 'image') if sure else 'no image'}"
    return html.Li([*dots, html.Span([html.Span(text, className="query-word"), f" {said}"])])


def _unheard(reads: Reads, word: str) -> html.Li:
    """A word that no embedding here knows: written somewhere, or known to one that can be added, or not
    known, and then what may be meant."""
    written = reads.library.facts.find(word)
    if written:
        count = components.counted(len(written), "image")
        return html.Li([components.icon("fonts"), html.Span([html.Span(word, className="query-word"), f" written of {count}"])])
    if (wanting := words.unheard(word)) is not None:
        names = words.more(word, list(reads.library.embeddings()))
        added = [" ", html.Code(f"python -m pipeline run --embeddings {names}"), " adds what does."] if reads.may(RUN) else []
        return html.Li([components.icon("question-lg"), html.Span([wanting, *added])], className="query-unknown")
    buttons = [
        html.Button(near, type="button", className="card-link", **{"data-does": "mean", "data-word": word, "data-near": near})
        for near in words.near(word)
    ]
    hint = [" Did you mean ", *buttons] if buttons else []
    return html.Li(
        [components.icon("question-lg"), html.Span([html.Span(word, className="query-word"), " is not known here.", *hint])],
        className="query-unknown",
    )
