"""What somebody wrote, taken apart: words for colors, words for things, and words that neither is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.embeddings import WRITTEN, color_words, find, imagenet, ordered

_WORD = r"#?[\w'&-]+"
LONGEST = 4
"""Words that may stand for one thing together: `West Highland white terrier`."""

KNOWN_BY = {"color": "color", "thing": "efficientnet"}
"""The embedding that knows all words of a kind; computed without a download."""

_PASSED_OVER = set(
    "a an the some any this that of in on at by to for from with and or is are it its one picture pictures photo"
    " photos photograph photographs image images colored coloured color colour".split()
)
"""Words that say nothing of what a picture shows."""

_OTHERWISE = set(
    "stained glass;sea horse;horse shoe;horse fly;water lily;water fall;water melon;sun flower;egg plant"
    ";dragon fruit;street art;dark room;light bulb;book worm;rain coat".split(";")
)
"""Phrases that mean something else than their words do, and that no class stands for."""


@dataclass(frozen=True)
class Part:
    """One or a few words that are known together. kind: `color` or `thing`. name: what they are
    known as."""

    text: str
    kind: str
    name: str


@dataclass(frozen=True)
class Words:
    """parts: what is known. unknown: the words that are left. said: both, one after the other, without
    words that say nothing of a picture. All as written."""

    parts: tuple[Part, ...] = ()
    unknown: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class Understood:
    """heard: {words as written: embeddings that have a say in them}. unknown: words that none knows."""

    heard: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...] = ()


def parse(text: str) -> Words:
    """Take a text apart, the longest known phrase first; a word that is both is a color.

    `black and white` is one color, `black swan` one thing, `red dress` a color and a thing.
    """
    given = re.findall(_WORD, text)
    parts, unknown, said = [], [], []
    while given:
        phrase, part = _first(given)
        del given[: len(phrase.split())]
        if part is not None:
            parts.append(part)
        elif phrase.strip("'&-") and phrase.casefold() not in _PASSED_OVER:
            unknown.append(phrase)
        else:
            continue
        said.append(phrase)
    return Words(tuple(parts), tuple(unknown), " ".join(said))


def _first(given: Sequence[str]) -> tuple[str, Part | None]:
    """The longest phrase at the start that is known, as what; else the first word, or a phrase of its own."""
    for length in range(min(LONGEST, len(given)), 0, -1):
        phrase = " ".join(given[:length])
        part = _known(phrase)
        if part is not None or phrase.casefold() in _OTHERWISE:
            return phrase, part
    return given[0], None


def near(word: str, most: int = 3) -> list[str]:
    """Known words that this may be meant to be, the nearest first; none of a word that is known itself."""
    if _known(word) is not None:
        return []
    asked = word.casefold().strip()
    colors = [term for term in color_words.terms() if asked and term.startswith(asked)]
    return list(dict.fromkeys([*colors, *imagenet.near(word, most)]))[:most]


def told(word: str, nearest: Sequence[str], names: Sequence[str]) -> str:
    """One sentence on a word that no embedding of a library knows, and what can be done about it.

    nearest: what it may be meant to be. names: the library's embeddings.
    """
    known = _known(word)
    if known is not None:
        return f"{unheard(word)} What knows them is added, without a download, by: python -m pipeline run --embeddings {more(word, names)}"
    named = " or ".join(f"“{one}”" for one in nearest)
    hint = f"Did you mean {named}?" if nearest else "Try a word for a thing or a color."
    return f"“{word}” is not known here. {hint}"


def unheard(word: str) -> str | None:
    """Of a word that is known, but to no embedding of a library: what is wanting. None of any other word."""
    known = _known(word)
    return known and f"“{word}” is a {known.kind}, and nothing in this library knows words for {known.kind}s yet."


def more(word: str, names: Sequence[str]) -> str:
    """The embeddings of a library with the one that knows a known word, as `--embeddings` takes them."""
    computed = [name for name in names if find(name) or name in WRITTEN]
    return ",".join(ordered([*computed, KNOWN_BY[_known(word).kind]]))


def _known(phrase: str) -> Part | None:
    if phrase.casefold() in _PASSED_OVER:
        return None
    color = color_words.find(phrase)
    if color is not None:
        return Part(phrase, "color", color)
    thing = imagenet.find(phrase)
    return None if thing is None else Part(phrase, "thing", thing.name)
