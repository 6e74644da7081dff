"""What is wrong with a library, inside its database and in what is derived from it, and putting it right.

Only what can be made again is touched. Nothing is believed before every byte of it is read,
so looking takes about as long as copying the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline import index as indexes
from pipeline import maps
from pipeline.embeddings import about
from pipeline.errors import LikenessError
from pipeline.extraction.embed import embed
from pipeline.library import Library, checks, derived
from pipeline.library.replacing import leftovers
from pipeline.library.backup import DERIVED
from pipeline.library.checks import Finding
from pipeline.library.runs import RunRecord
from pipeline.maps import distortion
from pipeline.progress import Progress, Silent
from pipeline.quality import agreement

_ROUNDS = 6  # one repair may bring another to light: a table, its rows, their images, the index, the maps
_Key = tuple[str, str]  # check, about
_BESIDE = ("leftovers", "index", "maps", "kept")  # checks of what depends on the database


@dataclass(frozen=True)
class Found:
    """A finding, and what became of it. state: `repaired`, `left` (there now) or `found` (nothing was tried)."""

    check: str
    about: str
    count: int
    text: str
    state: str
    way_out: str


def doctor(library: Library, repair: bool = False, progress: Progress = Silent()) -> list[Found]:
    """Everything wrong with a library; with `repair`, what can be made again is put right.

    Raises LibraryError where it is to be repaired and a run is at work.
    """
    if not repair:
        return [_told(one, "found") for one in _examine(library, progress)]
    with library.writing():
        found = {_key(one): one for one in _examine(library, progress)}
        if not found:
            return []
        with RunRecord(library, "doctor", {"repair": True}, progress) as record:
            refused, remaining = _repair(library, found, record)
            left = {**{key: found[key] for key in refused}, **remaining}
            record.message = f"{len(found) - len(left):,} kinds of damage repaired, {len(left):,} left"
    repaired = [_told(one, "repaired") for key, one in found.items() if key not in left]
    return repaired + [_told(one, "left", refused.get(key, "")) for key, one in left.items()]


def _repair(library: Library, found: dict[_Key, Finding], progress: Progress) -> tuple[dict[_Key, str], dict[_Key, Finding]]:
    """Put right what was found and what comes to light by that, which `found` learns of.

    Returns what could not be, with the reasons, and what is still found at the end.
    """
    refused: dict[_Key, str] = {}
    remaining = found
    for _ in range(_ROUNDS):
        curable = [one for key, one in remaining.items() if one.cure and key not in refused]
        first = [one for one in curable if one.check not in _BESIDE] or curable
        if not first:
            break
        _cure(library, first, refused, progress)
        remaining = {_key(one): one for one in _examine(library, progress)}
        found.update({key: one for key, one in remaining.items() if key not in found})
    return refused, remaining


def as_json(found: list[Found]) -> list[dict]:
    """What was found, as `doctor --json` prints it."""
    return [asdict(one) for one in found]


def _examine(library: Library, progress: Progress) -> Iterator[Finding]:
    inside = list(_inside(library, progress))
    yield from inside
    if not any(one.check in checks.BASIC for one in inside):
        yield from _beside(library)


def _inside(library: Library, progress: Progress) -> Iterator[Finding]:
    """The database; what would have to be computed from pictures that are not there cannot be put right."""
    away = any(True for _ in checks.folders_away(library))
    computed = [name for name in library.embeddings() if about(name).extractor]
    for one in checks.examine(library, computed, progress):
        if away and one.computes is not None:
            yield checks.incurable(one, "first see to the folder that is not there")
        else:
            yield one


def _cure(library: Library, curable: list[Finding], refused: dict[_Key, str], progress: Progress) -> None:
    """Put right what was found; `refused` learns of what cannot be, and why."""
    lacking: dict[str, list[_Key]] = {}
    for one in curable:
        try:
            one.cure()
        except LikenessError as error:
            refused[_key(one)] = str(error)
            continue
        if one.computes is not None:
            lacking.setdefault(one.computes, []).append(_key(one))
    for name, keys in lacking.items():
        try:
            embed(library, [name] if name else [], progress=progress)
        except LikenessError as error:
            refused.update(dict.fromkeys(keys, str(error)))


# What is derived


def _beside(library: Library) -> Iterator[Finding]:
    """The files beside the database."""
    said = indexes.damage(library)
    index = None if said else _opened(library)
    yield from _leftovers(library, [] if said else indexes.strays(library))
    if any(library.coverage(name)["current"] for name in library.embeddings()):
        yield from _index(library, said)
        yield from _maps(library, index)
    yield from _kept(library, index)


def _leftovers(library: Library, strays: list[Path]) -> Iterator[Finding]:
    """What writers that were killed have left."""
    left = [file for name in ("", *DERIVED) for file in leftovers(library.data / name)] + strays
    if left:
        text = f"{len(left):,} files were left by programs that were ended while they wrote."
        yield Finding("leftovers", "", len(left), text, lambda: [file.unlink(missing_ok=True) for file in left])


def _index(library: Library, said: str) -> Iterator[Finding]:
    about = indexes.about(library)
    if said:
        yield Finding("index", "damaged", 1, f"The index is damaged: {said}.", lambda: indexes.rebuild(library))
    elif about is None:
        yield Finding("index", "missing", 1, "There is no index.", lambda: indexes.build(library))
    elif about["stale"]:
        yield Finding("index", "stale", 1, "The index is behind the library.", lambda: indexes.build(library))


def _maps(library: Library, index: indexes.Index | None) -> Iterator[Finding]:
    """The maps: read whole, of the vectors there are now, and as many as there should be."""
    told = maps.about(library)
    for name, row in told.items():
        if row["damaged"] or _is_damaged(library, f"maps/{name}"):
            yield Finding("maps", f"{name} damaged", 1, f"The map of {name} is damaged.", lambda: _build_maps(library))
        elif row["stale"]:
            yield Finding("maps", f"{name} stale", 1, f"The map of {name} is behind the library.", lambda: _build_maps(library))
    for name in [maps.COMBINED, *index.embeddings] if index else ():
        if name not in told and len(index.ids(None if name == maps.COMBINED else name)):
            yield Finding("maps", f"{name} missing", 1, f"There is no map of {name}.", lambda: _build_maps(library))


def _build_maps(library: Library) -> None:
    indexes.build(library)
    maps.build(library, None, maps.settled(library))


def _kept(library: Library, index: indexes.Index | None) -> Iterator[Finding]:
    """What is kept only to save time: found anew when somebody looks at it, and of what is there now."""
    known = [maps.COMBINED, *library.embeddings()]
    checked: dict[str, Callable[[str], bool]] = {
        "maps": lambda name: name in known,
        "distortion": lambda name: name in maps.names(library) and _is_of_map(library, name),
        "agreement": lambda name: index is None or _is_of_index(library, index, name),
        "columns": lambda name: True,  # they know themselves what has changed since
        "things": lambda name: True,
        "quality": lambda name: True,
        "duplicates": lambda name: True,
        "appearance": lambda name: True,
        "outliers": lambda name: name in known,
    }
    for folder, is_current in checked.items():
        for name in derived.names(library, folder):
            place = f"{folder}/{name}"
            damaged = folder != "maps" and _is_damaged(library, place)
            if damaged or not is_current(name):
                what = "damaged" if damaged else "of what is not there any more"
                text = f"{Path(place)}.npz is {what}; it is made again when it is needed."
                yield Finding("kept", place, 1, text, lambda place=place: derived.remove(library, place))


def _is_of_map(library: Library, name: str) -> bool:
    try:
        return derived.load(library, f"distortion/{name}", distortion.key_of(maps.load(library, name))) is not None
    except LikenessError:
        return False


def _is_of_index(library: Library, index: indexes.Index, name: str) -> bool:
    try:
        return agreement.cached(library, index, *name.split("+", 1)) is not None
    except (LikenessError, TypeError):
        return False


def _is_damaged(library: Library, place: str) -> bool:
    try:
        derived.read(library, place)
        return False
    except derived.DamagedError:
        return True


def _opened(library: Library) -> indexes.Index | None:
    try:
        return indexes.load(library)
    except LikenessError:
        return None


def _key(one: Finding) -> _Key:
    return one.check, one.about


def _told(one: Finding, state: str, why: str = "") -> Found:
    way_out = why or one.way_out
    if state == "found" and one.cure:
        way_out = "doctor --repair puts it right"
    return Found(one.check, one.about, one.count, one.text, state, way_out)
