"""A library as a notebook uses it: `from pipeline import open_library`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np

from pipeline import columns, maps, settings
from pipeline import status as library_status
from pipeline.embeddings import about
from pipeline.errors import LibraryError
from pipeline.library import Library
from pipeline.maps import COMBINED, naming
from pipeline.notebook.shown import Served, Shown
from pipeline.search import Filter, ImageEntry, Query, Result, Searcher, entries_from
from pipeline.search.contact_sheet import contact_sheet

if TYPE_CHECKING:
    import pandas

_OTHER = {"texture": "sift", "shape": "sift"}
"""Short names of maps that are no embedding's title."""


class Matches:
    """What a search found. `table` has it as a DataFrame; a notebook shows the pictures."""

    def __init__(self, library: Library, result: Result, title: str):
        self._library, self._title = library, title
        self.result = result

    @property
    def ids(self) -> list[int]:
        """The images, best first."""
        return [one.id for one in self.result.matches]

    @property
    def table(self) -> pandas.DataFrame:
        """Columns id, path, label, score, and a column for each part."""
        import pandas

        rows = [
            {"id": one.id, "path": one.path, "label": one.label, "score": one.score, **one.parts} for one in self.result.matches
        ]
        return pandas.DataFrame(rows, columns=["id", "path", "label", "score", *self.result.weights])

    def __len__(self) -> int:
        return len(self.result.matches)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        # In a frame of its own: the sheet's styles are for a page, not for a notebook.
        sheet = escape(contact_sheet(self._library, self.result, self._title))
        return f'<iframe title="{escape(self._title)}" srcdoc="{sheet}" sandbox="" style="border:0;width:100%;height:480px"></iframe>'


class Opened:
    """An open library. `library` and `searcher` are what all else is built on."""

    def __init__(self, data: str | PathLike | None = None):
        self.library = Library(settings.data_dir(data))
        self.searcher = Searcher(self.library)
        self._served: Served | None = None

    def __repr__(self) -> str:
        counts = self.library.counts()
        return f"Library of {counts['ok']:,} images in {self.library.data}: {', '.join(self.library.embeddings()) or 'no vectors yet'}"

    def search(
        self,
        query: int | str | PathLike | Sequence,
        *,
        minus: Sequence = (),
        weights: Mapping[str, float] | None = None,
        top_k: int = settings.TOP_K,
        where: str = "",
        metric: str = "cosine",
        exact: bool = False,
    ) -> Matches:
        """The images most like a query: an id, a file, words, or several of them.

        weights: by embedding, those left out weigh 0. where: conditions, as in `tag=red;date>=2020`. Images of the
        library that are searched with are not found.
        """
        several = [query] if isinstance(query, (int, np.integer, str, PathLike)) else list(query)
        entries = (*self._entries(several, False), *self._entries(minus, True))
        own = tuple(entry.id for entry in entries if isinstance(entry, ImageEntry))
        passing = Filter(columns.parse(where), exclude=own)
        asked = Query(entries, weights, top_k=top_k, metric=metric, exact=exact, filter=passing)
        return Matches(self.library, self.searcher.search(asked), ", ".join(map(str, several)))

    def _entries(self, given: Sequence, minus: bool):
        for one in given:
            if isinstance(one, (int, np.integer)):
                yield ImageEntry(int(one), minus)
            else:
                yield from entries_from(self.searcher, [str(one)], minus)

    def neighbors(self, image: int, top_k: int = settings.TOP_K, **how) -> Matches:
        """The images nearest to one of the library."""
        return self.search(int(image), top_k=top_k, **how)

    def maps(self) -> list[str]:
        """The maps that have been made."""
        return maps.names(self.library)

    def map(self, name: str = COMBINED) -> pandas.DataFrame:
        """A map, by its name or what it is of (`meaning`, `color`, `texture`), a row an image.

        Columns x, y; x3, y3, z3 in space; cluster (−1: none) and its name; label and path; the index is the image's id.
        """
        import pandas

        chosen = maps.load(self.library, self._named(name))
        called = [*naming.called(self.library, chosen), None]
        rows = self.library.images_by_id(chosen.ids.tolist())
        known = [rows.get(one) for one in chosen.ids.tolist()]
        return pandas.DataFrame(
            {
                **dict(zip("xy", chosen.xy.T)), **dict(zip(("x3", "y3", "z3"), chosen.xyz.T)),
                "cluster": chosen.cluster, "name": [called[number] for number in chosen.cluster.tolist()],
                "label": [row and row.label for row in known], "path": [row and row.shown for row in known],
            },
            index=pandas.Index(chosen.ids, name="id"),
        )

    def _named(self, name: str) -> str:
        """The map of that name, or the one of an embedding with that title; LibraryError where there is none."""
        made = maps.names(self.library)
        if name in made:
            return name
        wanted = name.casefold()
        for one in made:
            titles = () if one == maps.COMBINED else (about(one).title.casefold(),)
            if wanted in titles or _OTHER.get(wanted) == one:
                return one
        raise LibraryError(f"There is no map {name!r}; there are: {', '.join(made) or 'none'}.")

    def vectors(self, name: str) -> pandas.DataFrame:
        """The vectors of an embedding, a row an image; the index is the image's id."""
        import pandas

        ids, rows = self.library.vectors(name)
        return pandas.DataFrame(rows, index=pandas.Index(ids, name="id"))

    def status(self) -> dict:
        """What is there and what of it is current, as `status --json` says it."""
        return library_status.status(self.library)

    def show(self, page: str = "/", height: int = 720, **address) -> Shown:
        """A page of the dashboard in a frame: `show("/search", image=3)`.

        A server for this machine alone is started on a free port, and ends with the notebook.
        """
        if self._served is None or not self._served.going:
            self._served = Served(Path(self.library.data))
        return Shown(f"{self._served.address}{page}{'?' + urlencode(address) if address else ''}", height)

    def close(self) -> None:
        """End the server, if one was started."""
        if self._served is not None:
            self._served.stop()
            self._served = None
