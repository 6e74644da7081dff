"""Every read the pages make, in one object that hangs on its app."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from dashboard.access import ANNOTATE, READ, RUN, RightsError
from dashboard.access.rights import TOLD
from dashboard.jobs import Jobs
from pipeline import maps
from pipeline import status as library_status
from pipeline.errors import LibraryError, StaleIndexError
from pipeline.library import ImageRow, Library, notes
from pipeline.library.images import printable
from pipeline.maps import Map
from pipeline.search import Query, Result, Searcher

_READ_ALL_ABOVE = 2_000  # ids above which one pass over the table beats many IN (…)


@dataclass(frozen=True)
class Around:
    """Where an image stands in a sequence: place counts from 1, 0 when it is not in it."""

    previous: int | None
    next: int | None
    place: int
    count: int


@dataclass(frozen=True)
class Called:
    """How an image is named on a page. name: of its file, or its path where another image there
    has a file of that name. path: its path as it is told."""

    name: str
    path: str


@dataclass(frozen=True)
class Run:
    """A row of `runs`; `share` is what is done of the present stage, 0–1."""

    id: int
    command: str
    parameters: dict
    started: str
    finished: str | None
    state: str
    stage: str | None
    done: int
    total: int
    failed: int
    message: str | None

    @property
    def share(self) -> float:
        """What is done of the present stage, 0–1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Reads:
    """What the pages may ask of a library. Safe to share between threads."""

    def __init__(self, library: Library, jobs: Jobs | None = None, rights: Iterable[str] | None = None):
        """jobs: where the page may start runs; None: it may not. rights: what whoever asks may
        do; None: read and annotate, and run where there are jobs. Without the right to run
        they are not told where files lie."""
        self.library = library
        self.jobs = jobs
        self._tells = rights is None or RUN in frozenset(rights)
        self._rights = frozenset((READ, ANNOTATE, *([RUN] if jobs else [])) if rights is None else rights)
        self.searcher = Searcher(library)
        self._lock = threading.Lock()
        self._models = threading.Lock()  # one owner of the cores at a time
        self._warm = False
        self._maps: dict[str, tuple[float, Map]] = {}
        self._remembering = threading.RLock()
        self._remembered: dict[str, tuple[object, object]] = {}

    # What may be done

    def may(self, right: str) -> bool:
        """Whether whoever asks has a right: read, annotate or run."""
        return right in self._rights and (right != RUN or self.jobs is not None)

    def need(self, right: str) -> None:
        """Refuse, with a sentence, what takes a right that is not given: RightsError."""
        if not self.may(right):
            raise RightsError(TOLD[right])

    def where(self, file: str | Path, inside: str) -> str:
        """How a file or folder is named to whoever asks: in full to those who may run, else
        as `inside`, the part below the folder that was scanned."""
        return printable(str(file) if self._tells else inside)

    def told(self, rows: Iterable[ImageRow]) -> list[str]:
        """The paths of images as they are shown, with so much of their folders as tells apart
        the same path in two of them, where whoever asks may know of folders."""
        rows = list(rows)
        return self.library.told_apart(rows) if self._tells else [row.shown for row in rows]

    def called(self, ids: Iterable[int]) -> dict[int, Called]:
        """How images that are shown together are named; those that are gone have no name."""
        rows = self.library.images_by_id(list(ids))
        paths = dict(zip(rows, self.told(rows.values())))
        names = {number: printable(PurePosixPath(row.path).name) for number, row in rows.items()}
        often = Counter(names.values())
        return {
            number: Called(names[number] if often[names[number]] == 1 else paths[number], paths[number])
            if number in rows else Called("", "")
            for number in map(int, ids)
        }

    def root_names(self) -> dict[str, str]:
        """How scanned folders are named, where whoever asks may know of them; else none is."""
        return self.library.root_names() if self._tells else {}

    @property
    def data_told(self) -> Path | None:
        """The library's directory, where whoever asks may know it: commands name it."""
        return self.library.data if self._tells else None

    # Images

    def is_empty(self) -> bool:
        """Whether no image at all has been scanned."""
        return self.library.counts()["ok"] == 0

    def image(self, image_id: int) -> ImageRow | None:
        """One image by id, or None."""
        return self.library.image(image_id)

    def around(
        self,
        image_id: int,
        *,
        label: str | None = None,
        collection: str | None = None,
        tag: str | None = None,
    ) -> Around:
        """The images before and after one, by id, among all or among those of a label, collection or tag.

        Raises NoteError when there is no such collection.
        """
        if collection or tag:
            ids = notes.collected(self.library, collection) if collection else notes.tagged(self.library, tag)
            before, after = bisect_left(ids, image_id), bisect_right(ids, image_id)
            return Around(
                ids[before - 1] if before else None, ids[after] if after < len(ids) else None,
                after if after > before else 0, len(ids),
            )
        where, given = ("AND label = ?2", [label]) if label else ("", [])
        sql = (
            "SELECT max(id) FILTER (WHERE id < ?1), min(id) FILTER (WHERE id > ?1), "
            f"count(*) FILTER (WHERE id <= ?1), max(id = ?1), count(*) FROM images WHERE state = 'ok' {where}"
        )
        previous, following, place, inside, count = self.library.db.execute(
            sql, [image_id, *given]
        ).fetchone()
        return Around(previous, following, place if inside else 0, count)

    def labels_of(self, ids: Sequence[int]) -> list[str | None]:
        """The labels of images, in the order of `ids`; None where there is none."""
        wanted = [int(image_id) for image_id in ids]
        if len(wanted) > _READ_ALL_ABOVE:
            known = dict(self.library.db.execute("SELECT id, label FROM images"))
            return [known.get(image_id) for image_id in wanted]
        rows = self.library.images_by_id(wanted)
        return [rows[i].label if i in rows else None for i in wanted]

    def examples(self, count: int) -> list[int]:
        """Ids of a few images unlike one another, to start from.

        The first exemplar of each of the largest clusters where there is a map, filled up
        with images drawn evenly from the library.
        """
        chosen: list[int] = []
        names = self.map_names()
        if names:
            exemplars = self.map(names[0]).exemplars
            chosen = [int(i) for i in exemplars[:count, 0] if i >= 0]
            rows = self.library.images_by_id(chosen)  # the map may be older than a folder's removal
            chosen = [i for i in chosen if i in rows and rows[i].state == "ok"]
        if len(chosen) < count:
            ids = [row[0] for row in self.library.db.execute(
                "SELECT id FROM images WHERE state = 'ok' ORDER BY id"
            )]
            at = np.linspace(0, len(ids) - 1, min(count, len(ids))).round().astype(int)
            chosen += [ids[i] for i in at if ids[i] not in chosen]
        return chosen[:count]

    # Search

    def embeddings(self) -> tuple[str, ...]:
        """Names of the embeddings that can be searched by; none where there is no index."""
        try:
            return self.searcher.embeddings
        except StaleIndexError:
            return ()

    def search(self, query: Query) -> Result:
        """The images nearest to a query."""
        return self.searcher.search(query)

    def warm_up(self) -> None:
        """Load the models once, so that the first upload does not wait for them."""
        with self._models:
            if not self._warm:
                self.searcher.warm_up()
                self._warm = True

    def embed(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Vectors of a decoded picture from outside: {name: (dim,) float32, norm 1 or 0}."""
        self.warm_up()
        with self._models:
            return self.searcher.embed(picture)

    # Maps

    def map_names(self) -> list[str]:
        """The maps that have been made, the combination first."""
        return maps.names(self.library)

    def map(self, name: str) -> Map:
        """A map, read again only when its file has changed; LibraryError without one."""
        if name != maps.COMBINED and name not in self.library.embeddings():  # it becomes part of a path
            raise LibraryError("That map has not been made.")
        file = maps.path(self.library, name)
        changed = file.stat().st_mtime_ns if file.is_file() else 0
        with self._lock:
            kept = self._maps.get(name)
            if kept is None or kept[0] != changed:
                kept = self._maps[name] = (changed, maps.load(self.library, name))
            return kept[1]

    def remembered(self, name: str, state: object, make: Callable[[], object]):
        """What `make` makes, and made the last time where the state it depends on is still the same."""
        with self._remembering:
            known = self._remembered.get(name)
            if known is None or known[0] != state:
                known = self._remembered[name] = (state, make())
            return known[1]

    # State of the library

    def status(self) -> dict:
        """The library at a glance, as `status --json` prints it."""
        return library_status.status(self.library)

    def failures(self, limit: int = -1) -> list[ImageRow]:
        """The unreadable images with their reasons, so many at most."""
        return library_status.failures(self.library, limit)

    def pictured(self, ids: Sequence[int]) -> set[int]:
        """Those of some images that have a thumbnail."""
        return {int(i) for i in ids if self.library.thumbnail(int(i))}

    def roots(self) -> dict[str, int]:
        """Scanned folder → number of images that are not missing."""
        return self.library.roots()

    def runs(self, limit: int = 8) -> list[Run]:
        """The latest runs, newest first."""
        rows = self.library.db.execute(
            "SELECT id, command, parameters, started, finished, state, stage, done, total, "
            "failed, message FROM runs ORDER BY id DESC LIMIT ?", [limit]
        )
        found = [Run(row[0], row[1], json.loads(row[2]), *row[3:]) for row in rows]
        if any(run.state == "running" for run in found) and not self._is_written():
            # A killed run could not say so; the next one will.
            found = [replace(run, state="stopped") if run.state == "running" else run for run in found]
        return found

    def _is_written(self) -> bool:
        """Whether another process holds the writer lock: then a run is really going on."""
        try:
            with self.library.writing():
                return False
        except LibraryError:
            return True
