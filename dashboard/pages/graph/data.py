"""What the Graph page shows, from an address to the elements of the drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, floor
from typing import TYPE_CHECKING

from dashboard import components
from dashboard.marks import PALETTE
from dashboard.reads import Called, Reads, clusters
from pipeline import graph
from pipeline.errors import LibraryError, QueryError
from pipeline.graph import layout as graph_layout
from pipeline.library import ImageRow, notes
from pipeline.maps import COMBINED, Map, naming

if TYPE_CHECKING:
    import networkx as nx

PATH = "/graph"
COUNTS = (20, 50, 100, 200, 400)
"""Numbers of images to choose from."""
MOST_NEIGHBORS = 12
MOST_LEAST = 0.95

_SIDE = 100.0
"""A picture's side in the drawing, of a square with its area; the browser scales it all."""
_LONGEST = 2.5
"""Width to height at most, either way: beyond, a panorama would be a line."""


@dataclass(frozen=True)
class Settings:
    """What can be set: the embedding (or COMBINED), k, least similarity, number of images."""

    by: str = COMBINED
    k: int = graph.NEIGHBORS
    least: float = 0.0
    count: int = 50
    mutual: bool = False

    @classmethod
    def of(cls, params: Mapping[str, str], names: Sequence[str]) -> Settings:
        """The settings that an address names; the default where it names none or nonsense."""
        default = cls(by=COMBINED if len(names) > 1 else names[0])
        known = [default.by, *names]
        try:
            least = min(MOST_LEAST, max(0.0, float(params["least"])))
        except (KeyError, ValueError):
            least = default.least
        k, count = params.get("k", ""), params.get("nodes", "")
        return cls(
            by=params["by"] if params.get("by") in known else default.by,
            k=min(MOST_NEIGHBORS, max(1, int(k))) if k.isdecimal() and len(k) < 4 else default.k,
            least=least,
            count=int(count) if count in map(str, COUNTS) else default.count,
            mutual=params.get("mutual") == "1",
        )

    def params(self) -> dict[str, object]:
        """The address's parameters; what is the default is left out."""
        default = Settings()
        return {
            "by": None if self.by == default.by else self.by,
            "k": None if self.k == default.k else self.k,
            "least": f"{self.least:g}" if self.least else None,
            "nodes": None if self.count == default.count else self.count,
            "mutual": "1" if self.mutual else None,
        }

    def links(self) -> graph.Links:
        """How images are linked, as the pipeline takes it."""
        weights = None if self.by == COMBINED else {self.by: 1.0}
        return graph.Links(self.k, self.least, weights, self.mutual)


@dataclass(frozen=True)
class Shown:
    """A graph with what the page tells about it.

    center: the image it is around, or None. title: of the set otherwise. of: how many
    images there are in all. communities: ids, largest first. called: how the images are named.
    span: the least and the most similarity of its links where none is left out for being too weak.
    """

    graph: nx.Graph
    rows: dict[int, ImageRow]
    communities: list[list[int]]
    settings: Settings
    start: dict
    title: str
    of: int
    called: Mapping[int, Called]
    span: tuple[float, float]

    @property
    def center(self) -> int | None:
        """The image that it is around; None: it is within a set."""
        return self.start.get("image")


def shown(reads: Reads, start: dict, settings: Settings) -> Shown:
    """The graph of a start; LikenessError where there is nothing of that name."""
    index = reads.searcher.index()
    if "image" in start:
        row = reads.image(start["image"])
        if row is None or row.state != "ok":
            raise QueryError("This image is not in the library any more.")
        make, of = partial(graph.around, index, row.id, settings.count), 0
        title = row.label or components.name_of(row.path)
    else:
        title, ids = _set(reads, start)
        present = [row.id for row in reads.library.images_by_id(ids).values() if row.state == "ok"]
        make, of = partial(graph.within, index, present, settings.count), len(present)
    found = make(settings.links())
    span = _span(found if not settings.least else make(replace(settings, least=0.0).links()))
    rows = reads.library.images_by_id(list(found))
    gone = [node for node in found if node not in rows or rows[node].state != "ok"]
    found.remove_nodes_from(gone)  # since the index was saved
    return Shown(found, rows, graph.communities(found), settings, start, title, of, reads.called(found), span)


def _span(found: nx.Graph) -> tuple[float, float]:
    """The similarities of a graph's links, from the least to the most, to the hundredth around them."""
    similar = [value for *_, value in found.edges(data="similarity")]
    if not similar:
        return 0.0, MOST_LEAST
    return max(0.0, floor(100 * min(similar)) / 100), min(1.0, ceil(100 * max(similar)) / 100)


def _set(reads: Reads, start: dict) -> tuple[str, list[int]]:
    """Name and images of a cluster or a collection."""
    if "collection" in start:
        return start["collection"], notes.collected(reads.library, start["collection"])
    chosen = reads.map(start["map"]) if start["map"] in reads.map_names() else None
    number = clusters.around(chosen, start["cluster_of"]) if chosen else None
    if number is None:
        raise LibraryError("There is no such cluster any more; the map has been made anew.")
    return cluster_titles(reads, chosen)[number], chosen.ids[chosen.cluster == number].tolist()


def cluster_titles(reads: Reads, chosen: Map) -> list[str]:
    """What the clusters of a map are called, as on the Map page."""
    own = notes.cluster_names(reads.library, chosen.name, chosen.ids, chosen.cluster)
    seen = naming.seen_in(reads.library, chosen)
    return naming.titles(chosen, reads.labels_of(chosen.ids.tolist()), own, seen)


def name_of(row: ImageRow, called: Called) -> str:
    """What an image is called: its label, if any, and its file's name."""
    name = called.name
    return f"{row.label} · {name}" if row.label else name


def drawing(shown: Shown, aspect: float) -> tuple[list[dict], dict]:
    """Elements for the canvas, and facts about them: count, center, colors of communities."""
    community = {node: number for number, nodes in enumerate(shown.communities) for node in nodes}
    sizes = {node: _size(shown.rows[node], node == shown.center) for node in shown.graph}
    places = graph_layout.stress_layout(shown.graph, sizes, aspect)
    nodes = [
        {
            "data": {
                "id": str(node), "src": components.url(f"/thumb/{node}"), "name": name_of(shown.rows[node], shown.called[node]),
                "w": round(sizes[node][0], 1), "h": round(sizes[node][1], 1),
                "community": community.get(node, -1), "color": color_of(community.get(node, -1)),
                "similarity": to_center(shown, node),
            },
            "position": {"x": round(x, 1), "y": round(y, 1)},
            "classes": "center" if node == shown.center else "",
        }
        for node, (x, y) in places.items()
    ]
    return nodes + _edges(shown, community), {
        "count": len(nodes), "links": shown.graph.number_of_edges(), "center": shown.center,
        "title": shown.title, "span": shown.span, "least": shown.settings.least,
    }


def _edges(shown: Shown, community: dict[int, int]) -> list[dict]:
    similar = [value for *_, value in shown.graph.edges(data="similarity")]
    least, most = min(similar, default=0), max(similar, default=1)
    return [
        {
            "data": {
                "id": f"{a}-{b}", "source": str(a), "target": str(b), "text": f"{value:.2f}",
                # The weakest link shown is 2 wide, the strongest 12: a tenth of a picture's side.
                "width": round(2 + 10 * (value - least) / max(most - least, 1e-9), 1),
                "color": color_of(community[a] if community[a] == community[b] else -1),
            }
        }
        for a, b, value in shown.graph.edges(data="similarity")
    ]


def _size(row: ImageRow, center: bool) -> tuple[float, float]:
    """Width and height of a picture: of equal area, in its own proportions."""
    shape = row.width / row.height if row.width and row.height else 1.0
    shape = min(_LONGEST, max(1 / _LONGEST, shape))
    side = _SIDE * (1.6 if center else 1)
    return side * shape**0.5, side / shape**0.5


def to_center(shown: Shown, node: int) -> float | None:
    """Similarity of an image to the one the graph is around; None in the graph of a set."""
    similarity = shown.graph.nodes[node].get("similarity")
    return None if similarity is None else round(similarity, 3)


def color_of(community: int) -> str:
    """The color of a community: its own for the largest, gray for the others and for none."""
    return PALETTE[community] if 0 <= community < len(PALETTE) else "#8d8f92"
