"""From a word to the classes it stands for: groups, classes, synonyms, plurals."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

from pipeline.embeddings.imagenet.classes import names, titles
from pipeline.embeddings.imagenet.groups import GROUPS, SYNONYMS

_NEAREST = 0.6
"""How like a known word one must be, by difflib's ratio, to be what was meant."""

_UNSPOKEN = {
    "cock", "kite", "drake", "admiral", "ringlet", "monarch", "boxer", "papillon", "chow", "Angora", "Newfoundland",
    "puffer", "gar", "amphibian", "beacon", "binder", "bow", "brass", "chest", "chime", "ear", "file", "groom", "hip",
    "hook", "iron", "liner", "mortar", "mouse", "nail", "nipple", "orange", "organ", "pick", "pitcher", "plane", "pole", "pot",
    "racer", "reel", "rule", "safe", "scale", "screen", "slot", "stage", "stole", "switch", "upright", "vault", "wing", "wreck",
}  # fmt: skip
"""Names in the list by which nobody looks for the class: they mean something else first."""

_IRREGULAR = {
    "mice": "mouse", "geese": "goose", "teeth": "tooth", "feet": "foot", "people": "person", "men": "man",
    "women": "woman", "children": "child", "oxen": "ox", "wolves": "wolf", "knives": "knife", "shelves": "shelf",
    "scarves": "scarf", "calves": "calf", "loaves": "loaf", "leaves": "leaf", "fungi": "fungus",
    "cacti": "cactus", "hippopotami": "hippopotamus", "torches": "torch",
}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A word that a network of ImageNet knows. classes: their numbers, 0–999, ascending.
    everyday: a group of classes, not one by its own name."""

    name: str
    classes: tuple[int, ...]
    everyday: bool = False


@lru_cache
def things() -> dict[str, Thing]:
    """Everything known by its name: the everyday words, then the classes that have no such name."""
    found = {name: Thing(name, _classes(name), True) for name in GROUPS}
    for number, title in enumerate(titles()):
        found.setdefault(title, Thing(title, (number,)))
    return found


def find(word: str) -> Thing | None:
    """What a word or a few words stand for, in any case, singular or plural; None: not known."""
    known, asked = _spoken(), " ".join(re.split(r"[\s_]+", word.casefold().strip()))
    for spelled in (asked, asked.replace("-", " "), asked.replace(" ", "-"), asked.replace(" ", "")):
        for form in (spelled, *_singulars(spelled)):
            if form in known:
                return known[form]
        if spelled + "s" in things():  # trousers, jeans
            return known[spelled + "s"]
    return None


def near(word: str, most: int = 3) -> list[str]:
    """Names that this may be meant to be, the nearest first: those that contain it, then those
    that are spelled like it."""
    known, asked = _spoken(), word.casefold().strip()
    if not asked:
        return []
    inside = [form for form in known if re.search(rf"\b{re.escape(asked)}", form)]
    inside.sort(key=lambda form: (not form.startswith(asked), len(form), form))
    alike = difflib.get_close_matches(asked, known, most, _NEAREST)
    return list(dict.fromkeys(known[form].name for form in (*inside, *alike)))[:most]


def beginning(start: str) -> list[Thing]:
    """Things with a name or another word for them that begins so, in no order."""
    asked = start.casefold()
    return list(dict.fromkeys(thing for form, thing in _spoken().items() if form.startswith(asked)))


@lru_cache
def _spoken() -> dict[str, Thing]:
    """{word in small letters: thing}; the first of groups, titles, synonyms and listed names has it."""
    found = {name.casefold(): thing for name, thing in things().items()}
    for name, words in SYNONYMS.items():
        for word in words.split("; "):
            found.setdefault(word, found[name.casefold()])
    for number, name in enumerate(names()):
        if name not in _UNSPOKEN:
            found.setdefault(name.casefold(), things()[titles()[number]])
    return found


def _singulars(phrase: str) -> list[str]:
    """What the plural of a phrase may be the plural of; its last word is the one that changes."""
    start, _, last = phrase.rpartition(" ")
    forms = [_IRREGULAR[last]] if last in _IRREGULAR else []
    if last.endswith("ies"):
        forms.append(last[:-3] + "y")
    if last.endswith("ves"):
        forms += [last[:-3] + "f", last[:-3] + "fe"]
    if last.endswith("s"):
        forms.append(last[:-1])
    if last.endswith("es"):
        forms.append(last[:-2])
    return [f"{start} {form}".strip() for form in forms if len(form) > 1]


@lru_cache
def _classes(group: str) -> tuple[int, ...]:
    """The numbers of a group's classes."""
    numbers = {name: number for number, name in enumerate(names())}
    found: set[int] = set()
    for part in map(str.strip, GROUPS[group].split(";")):
        first, run, last = part.partition(" … ")
        if run:
            found.update(range(numbers[first], numbers[last] + 1))
        elif part in numbers:
            found.add(numbers[part])
        else:
            found.update(_classes(part))
    return tuple(sorted(found))
