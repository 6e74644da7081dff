"""The words in which it is said what an image shows: everyday kinds, and ImageNet's classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pipeline.embeddings import imagenet

EVERYDAY = (
    "animal", "bird", "bird of prey", "parrot", "duck", "fish", "shark", "reptile", "snake", "lizard", "turtle", "crocodile",
    "frog", "insect", "beetle", "butterfly", "spider", "crab", "lobster", "dog", "spaniel", "terrier", "retriever", "wolf",
    "fox", "cat", "big cat", "bear", "rabbit", "squirrel", "cow", "sheep", "antelope", "ape", "monkey", "elephant", "whale",
    "vehicle", "car", "truck", "bus", "train", "bicycle", "motorcycle", "boat", "ship", "sailboat", "airplane", "aircraft",
    "clothing", "dress", "skirt", "shirt", "sweater", "coat", "swimwear", "hat", "shoe", "bag", "glasses", "jewelry",
    "furniture", "chair", "table", "bed", "couch", "cupboard", "clock", "watch", "kitchen appliance", "appliance",
    "cookware", "cup", "bottle", "tool", "toy", "computer", "phone", "camera", "electronics", "musical instrument", "guitar",
    "piano", "drum", "ball", "sports equipment", "weapon", "gun", "building", "place of worship", "bridge", "landscape",
    "coast", "flower", "mushroom", "food", "fruit", "vegetable", "bread", "dessert", "drink",
)  # fmt: skip
"""The groups of `imagenet.groups` whose classes are kinds of what the word says. Others serve a
search by a word, as hay does for a field, but say too much of a picture of hay."""

_WHOLE = {"flower": ("daisy", "yellow lady's slipper", "rapeseed field")}
"""What a kind is made of where the group has more: a vase finds flowers, but is none."""

_UNCOUNTED = {
    "clothing", "swimwear", "furniture", "jewelry", "cookware", "electronics", "sports equipment", "food", "fruit", "bread",
    "sheep", "aircraft", "glasses", "wool", "velvet", "hay", "salmon", "coral", "guacamole", "bok choy", "chain mail",
    "military aircraft", "toilet paper", "broccoli", "red wine", "espresso", "eggnog", "clear soup", "spaghetti carbonara",
    "chocolate sauce", "dough", "hair spray", "sunscreen", "lotion", "underwear", "ice cream", "corn", "bison", "grouse",
    "tench", "mortar and pestle", "yellow lady's slipper", "bicycle-built-for-two", "thatch",
}  # fmt: skip
_IRREGULAR = {"wolf": "wolves", "mouse": "mice", "goose": "geese", "ox": "oxen", "leaf": "leaves", "loaf": "loaves",
              "knife": "knives", "fungus": "fungi", "potato": "potatoes", "volcano": "volcanoes",
              "harvestman": "harvestmen"}


@dataclass(frozen=True)
class Kind:
    """A kind of thing. classes: numbers of ImageNet's classes that are of it, 0–999, ascending."""

    name: str
    classes: tuple[int, ...]

    @property
    def plural(self) -> str:
        """What several are called: "foxes", "ears of corn", "kites (bird)"."""
        return _plural(self.name)


@lru_cache
def kinds() -> tuple[Kind, ...]:
    """All kinds: the everyday ones, then each class that has no such name."""
    numbers = {title: number for number, title in enumerate(imagenet.titles())}
    known = imagenet.things()
    found = {}
    for name in EVERYDAY:
        whole = _WHOLE.get(name)
        classes = tuple(sorted(numbers[title] for title in whole)) if whole else known[name].classes
        found[name.casefold()] = Kind(name, classes)
    for title, number in numbers.items():
        found.setdefault(title.casefold(), Kind(title, (number,)))
    return tuple(found.values())


def _plural(name: str) -> str:
    if name in _UNCOUNTED or name.endswith("fish"):
        return name
    for joint in (" (", " of "):
        head, found, rest = name.partition(joint)
        if found:
            return f"{_plural(head)}{joint}{rest}"
    start, space, last = name.rpartition(" ")
    if last in _UNCOUNTED or last in _IRREGULAR:
        return f"{start}{space}{_IRREGULAR.get(last, last)}"
    if last.endswith(("s", "x", "z", "ch", "sh")):
        several = last if last.endswith("s") and not last.endswith("ss") and _is_plural(last) else last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        several = last[:-1] + "ies"
    else:
        several = last + "s"
    return f"{start}{space}{several}"


def _is_plural(word: str) -> bool:
    """Words that name one thing and are plural already: jeans, pajamas, binoculars, trunks."""
    return not word.endswith(("us", "is", "as", "bus")) or word in {"pajamas", "maracas"}
