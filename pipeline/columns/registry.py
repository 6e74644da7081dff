"""The columns: a further one is an entry of `COLUMNS`, and with it a facet, a filter and a column of the table.

Facts of files and of a person's tables are columns as soon as `library.facts` has them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pipeline import appearance, outliers, things
from pipeline.columns import categories, colors
from pipeline.columns.categories import Categories
from pipeline.columns.values import CATEGORY, DATE, NUMBER, TEXT, Numbers, Texts, Values
from pipeline.library import Library, notes
from pipeline.library.facts import KNOWN, OWN
from pipeline.library.facts import Column as Fact
from pipeline.library.images import from_database, printable
from pipeline.pictures.appearance import FIGURES

Version = Callable[[Library], object]


def _images(library: Library) -> object:
    return library.images_generation()


def _notes(counter: str) -> Version:
    return lambda library: (library.images_generation(), library.notes_generation(counter))


def _changes(library: Library) -> object:
    return library.generation()


def _always(library: Library) -> bool:
    return True


@dataclass(frozen=True)
class Column:
    """What is known of every image under one name.

    read(library, ids): its values for some images, ids (n,) int64 ascending. version(library):
    changes whenever `read` may say something else. offered(library): whether there is anything
    to choose from, told without reading values. noun: what errors call it.
    """

    name: str
    title: str
    kind: str
    read: Callable[[Library, np.ndarray], Values]
    version: Version = _images
    offered: Callable[[Library], bool] = _always
    noun: str = ""

    @property
    def called(self) -> str:
        """What errors call it."""
        return self.noun or self.title.lower()


def each(library: Library, ids: np.ndarray, expression: str) -> Iterable:
    """An SQL expression of the table of images, which nobody types in, for each of `ok` images."""
    sql = f"SELECT id, {expression} FROM images WHERE state = 'ok' ORDER BY id"
    wanted = iter(ids.tolist())
    want = next(wanted, None)
    for number, value in library.db.execute(sql):
        while want is not None and want < number:  # it went a moment ago
            yield None
            want = next(wanted, None)
        if want == number:
            yield value
            want = next(wanted, None)
    yield from (None for _ in chain([] if want is None else [want], wanted))


_UNKNOWN = -1e300
"""In the place of NULL, for which an array of figures has no room."""


def figures(library: Library, ids: np.ndarray, expression: str) -> np.ndarray:
    """As `each`, (n,) float64, NaN for NULL."""
    sql = f"SELECT id, coalesce({expression}, {_UNKNOWN}) FROM images WHERE state = 'ok' ORDER BY id"
    told = np.fromiter(library.db.execute(sql), [("id", np.int64), ("value", np.float64)])
    at = np.searchsorted(told["id"], ids).clip(max=max(0, len(told) - 1))
    found = np.full(len(ids), np.nan)
    if len(told):
        there = (told["id"][at] == ids) & (told["value"][at] != _UNKNOWN)
        found[there] = told["value"][at][there]
    return found


def _label(library: Library, ids: np.ndarray) -> Categories:
    return categories.coded(each(library, ids, "label"), len(ids))


def _labeled(library: Library) -> bool:
    sql = "SELECT 1 FROM images WHERE state = 'ok' AND label IS NOT NULL LIMIT 1"
    return library.db.execute(sql).fetchone() is not None


def _folder(library: Library, ids: np.ndarray) -> Categories:
    paths = ("" if path is None else os.path.dirname(from_database(path)) for path in each(library, ids, "path"))
    return categories.tree(paths, len(ids))


def _divides(library: Library) -> bool:
    """Whether folders say more than labels do, which are the names of the last of them."""
    sql = "SELECT 1 FROM images WHERE state = 'ok' AND instr(path, '/') AND rtrim(path, replace(path, '/', '')) != label || '/' LIMIT 1"
    return library.db.execute(sql).fetchone() is not None


def _collection(library: Library, ids: np.ndarray) -> Categories:
    members = {one.name: _rows(ids, notes.collected(library, one.name)) for one in notes.collections(library)}
    return categories.grouped(members, len(ids), folds=True)


def _tag(library: Library, ids: np.ndarray) -> Categories:
    found = {name: _rows(ids, notes.tagged(library, name)) for name in notes.tags(library)}
    return categories.grouped(found, len(ids), folds=True)


def _rated(library: Library, ids: np.ndarray) -> Categories:
    words = {"good": 1, "bad": -1}
    sql = "SELECT DISTINCT image_id FROM ratings WHERE value = ? ORDER BY image_id"
    groups = {
        word: _rows(ids, [row[0] for row in library.db.execute(sql, [value])]) for word, value in words.items()
    }
    return categories.grouped(groups, len(ids), folds=True)


def _rows(ids: np.ndarray, members: Iterable[int]) -> np.ndarray:
    """The rows of those of some images, ascending, that are among ids."""
    members = np.asarray(members, np.int64)
    at = np.searchsorted(ids, members).clip(max=max(0, len(ids) - 1))
    return at[ids[at] == members] if len(ids) else at[:0]


def _root(library: Library, ids: np.ndarray) -> Categories:
    """The scanned folders, by as much of their names as tells them apart."""
    roots = dict(library.db.execute("SELECT id, path FROM roots"))
    names = library.root_names()
    shown = {number: printable(names[from_database(path)]) for number, path in roots.items()}
    return categories.coded((shown.get(number) for number in each(library, ids, "root_id")), len(ids))


def _kind(library: Library, ids: np.ndarray) -> Categories:
    alike = {"JPG": "JPEG", "TIF": "TIFF", "HEIF": "HEIC"}

    def ending(path: str | bytes | None) -> str | None:
        name = "" if path is None else from_database(path).rpartition("/")[2]
        end = name.rpartition(".")[2].upper() if "." in name[1:] else ""
        return alike.get(end, end) or None

    return categories.coded(map(ending, each(library, ids, "path")), len(ids), folds=True)


def _shape(library: Library, ids: np.ndarray) -> Categories:
    """By width and height: a difference below a twentieth is none, twice as wide is a panorama."""
    ratio = figures(library, ids, "CAST(width AS REAL) / nullif(height, 0)")
    names = ["landscape", "portrait", "square", "panorama"]
    with np.errstate(invalid="ignore"):
        codes = np.select(
            [np.isnan(ratio), (ratio >= 2) | (ratio <= 0.5), np.abs(ratio - 1) < 0.05, ratio > 1], [-1, 3, 2, 0], 1
        )
    return Categories(len(ids), names, codes.astype(np.int32), folds=True)


def _date(library: Library, ids: np.ndarray) -> Numbers:
    found = figures(library, ids, "mtime")
    found[~((found > 0) & (found < 253_402_300_800))] = np.nan  # files carry years that no calendar has
    return Numbers(found, dates=True)


def _file(library: Library, ids: np.ndarray) -> Texts:
    return Texts([None if path is None else printable(from_database(path)) for path in each(library, ids, "path")])


def _number(expression: str, unit: str = "") -> Callable[[Library, np.ndarray], Numbers]:
    return lambda library, ids: Numbers(figures(library, ids, expression), spread=True, unit=unit)


def _some(table: str) -> Callable[[Library], bool]:
    return lambda library: library.db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None


def _thing(library: Library, ids: np.ndarray) -> Categories:
    """The kinds that are surely seen, several an image: an airliner is an aircraft and a vehicle, too."""
    found = things.seen(library)
    sure = found.share >= things.SURE
    owners = found.ids[found.rows[sure]]
    at = np.searchsorted(ids, owners).clip(max=max(0, len(ids) - 1))
    there = ids[at] == owners if len(ids) else np.zeros(len(owners), bool)
    used, codes = np.unique(found.kind[sure][there], return_inverse=True)
    names = [things.kinds()[number].name for number in used]
    return Categories(len(ids), names, codes.astype(np.int32), at[there].astype(np.int32), folds=True)


def _quality(library: Library, ids: np.ndarray) -> Categories:
    """What is wrong with pictures, several an image."""
    found = appearance.at_hand(library)
    of = {name: found.of(ids, name) for name in FIGURES}
    of |= {name: figures(library, ids, name) for name in ("width", "height")}
    wrong = {name: np.flatnonzero(mask) for name, mask in appearance.faults(of).items()}
    return categories.grouped({name: rows for name, rows in wrong.items() if len(rows)}, len(ids), folds=True)


def _figure(name: str) -> Callable[[Library, np.ndarray], Numbers]:
    return lambda library, ids: Numbers(appearance.at_hand(library).of(ids, name))


def _looked_at(library: Library) -> bool:
    return len(appearance.at_hand(library).ids) > 0


def _outlier(library: Library, ids: np.ndarray) -> Categories:
    """The embeddings by which an image is far from all others."""
    far = {one.title: _rows(ids, one.ids[one.outlying]) for one in outliers.kept(library)}
    return categories.grouped({title: rows for title, rows in far.items() if len(rows)}, len(ids), folds=True)


COLUMNS = {column.name: column for column in (
    Column("label", "Label", CATEGORY, _label, offered=_labeled),
    Column("folder", "Folder", CATEGORY, _folder, offered=_divides),
    Column("thing", "Things seen", CATEGORY, _thing, _changes, things.available, noun="thing seen"),
    Column("color", "Color", CATEGORY, lambda library, ids: colors.colors(library, ids),
           _changes, lambda library: "color" in library.embeddings()),
    Column("tag", "Tag", CATEGORY, _tag, _notes("tags"), _some("tags")),
    Column("collection", "Collection", CATEGORY, _collection, _notes("collections"), _some("collections")),
    Column("rated", "Rated", CATEGORY, _rated, _notes("ratings"), _some("ratings"), noun="rating"),
    Column("date", "Date of the file", DATE, _date, noun="the file's date"),
    Column("shape", "Shape", CATEGORY, _shape),
    Column("megapixels", "Megapixels", NUMBER, _number("width * height / 1e6")),
    Column("size", "Size of the file", NUMBER, _number("size", "B"), noun="the file's size"),
    Column("quality", "Picture quality", CATEGORY, _quality, _changes, _looked_at),
    Column("sharpness", "Sharpness", NUMBER, _figure("sharpness"), _changes, _looked_at),
    Column("brightness", "Brightness", NUMBER, _figure("brightness"), _changes, _looked_at),
    Column("outlier", "Outlier by", CATEGORY, _outlier, lambda library: (library.images_generation(), outliers.version(library)),
           lambda library: bool(outliers.version(library)), noun="kind of outlier"),
    Column("type", "File type", CATEGORY, _kind),
    Column("root", "Scanned folder", CATEGORY, _root, offered=lambda library: len(library.roots()) > 1),
    Column("file", "File name", TEXT, _file),
)}  # fmt: skip
"""By the name that conditions use."""


_FIRST = ("taken", "label", "folder", "keyword", "thing", "color", "tag", "collection", "rated")


def known(library: Library) -> dict[str, Column]:
    """The columns of a library by name, in the order of the screen: those that every library has,
    what files say of themselves, and what a person's tables say."""
    own = [_fact(column) for column in library.facts.columns() if column.name.startswith(OWN)]
    found = {one.name: one for one in [*own, *map(_fact, KNOWN.values()), *COLUMNS.values()]}
    return {name: found[name] for name in (*_FIRST, *(name for name in found if name not in _FIRST))}


def _fact(fact: Fact) -> Column:
    """A column of facts as one of ours."""
    return Column(
        fact.name, fact.title, fact.kind, lambda library, ids: _read_facts(library, ids, fact), _notes("facts"),
        lambda library: any(one.name == fact.name for one in library.facts.columns()),
    )


def _read_facts(library: Library, ids: np.ndarray, fact: Fact) -> Values:
    of, found = library.facts.column(fact.name)
    at = np.searchsorted(ids, of).clip(max=max(0, len(ids) - 1))
    there = ids[at] == of if len(ids) else np.zeros(len(of), bool)
    at, found = at[there], found[there]
    if fact.kind == TEXT:
        texts: list[str | None] = [None] * len(ids)
        for row, text in zip(at.tolist(), found):
            texts[row] = f"{texts[row]}; {text}" if texts[row] else str(text)
        return Texts(texts)
    if fact.kind == CATEGORY:
        codes = categories.coded(map(str, found), len(found), folds=True)
        return Categories(len(ids), codes.names, codes.codes, at.astype(np.int32), folds=True)
    amounts = np.full(len(ids), np.nan)
    if fact.kind == DATE:
        amounts[at] = found.astype("M8[s]").astype(np.int64)
        return Numbers(amounts, dates=True)
    amounts[at] = found
    return Numbers(amounts, spread=True)
