"""What the API answers with, as models; their JSON is that of `--json` where a command says the same."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Match(BaseModel):
    """One match of a search."""

    id: int
    path: str = Field(description="Below the folder that was scanned.")
    label: str | None = None
    score: float = Field(description="Σ weight × cosine / Σ weights; of words and palettes how far it stands out, 0 to 1.")
    parts: dict[str, float] = Field(description="By embedding: the cosine, or how far it stands out.")
    distance: float | None = Field(None, description="The metric's figure where it is not the cosine; smaller is nearer.")
    written: str | None = Field(None, description="Where words of the query are written about it.")
    root: str | None = Field(None, description="The folder that was scanned, for those who may run.")


class Spread(BaseModel):
    """The library's cosines with a query by one embedding."""

    mean: float
    deviation: float
    steep: float = Field(description="How quickly what stands out is brought to 1.")


class Found(BaseModel):
    """The matches of a search, best first."""

    metric: str
    weights: dict[str, float]
    ms: float = Field(description="Milliseconds that it took.")
    matches: list[Match]
    scale: dict[str, Spread] | None = Field(None, description="Where parts say how far a match stands out: out of what.")
    unknown: dict[str, list[str]] = Field(description="Words that had no say, and the nearest that are known.")
    away: dict[str, int] = Field(description="Images that were not searched since their drive is not there, by folder.")
    partly: dict[str, list[int]] = Field(description="Embeddings that only some images have: how many, of how many.")
    next: str | None = Field(None, description="The address of the next page, where there may be one.")


class Compared(BaseModel):
    """What one image is worth to a query."""

    id: int
    score: float
    parts: dict[str, float]
    weights: dict[str, float]


class Copy(BaseModel):
    """An image that a picture is a copy of."""

    id: int
    path: str = Field(description="Below the folder that was scanned.")
    root: str | None = Field(None, description="The folder that was scanned, for those who may run.")
    kind: str = Field(description="What became of one of the two: same file, saved again, part, turned …")
    reason: str = Field(description="The same in a sentence.")


class Known(BaseModel):
    """What a picture is a copy of: what it is most plainly a copy of comes first. None: the library does not have it."""

    copies: list[Copy]


class Image(BaseModel):
    """What is known of an image."""

    id: int
    path: str
    root: str | None = Field(None, description="The folder that was scanned, for those who may run.")
    label: str | None = None
    state: str = Field(description="ok, unreadable or missing.")
    reason: str | None = Field(None, description="Why it could not be read.")
    width: int | None = None
    height: int | None = None
    size: int = Field(description="Bytes of the file.")
    modified: str = Field(description="When the file was changed, UTC.")
    tags: list[str] = []
    collections: list[str] = []
    rating: int = Field(0, description="The word on it by itself: 1 good, −1 bad.")
    facts: dict[str, object] = Field({}, description="What its file and tables of one's own say, by column.")
    clusters: dict[str, str | None] | None = Field(None, description="By map, the cluster it lies in; null: in none.")


class Images(BaseModel):
    """Some of a set of images, in its order."""

    count: int = Field(description="Images in the whole set.")
    images: list[Image]
    next: str | None = Field(None, description="The address of the next page.")


class Cluster(BaseModel):
    """A cluster of a map."""

    number: int = Field(description="As the points name it; 0 is the largest.")
    name: str
    count: int
    exemplars: list[int] = Field(description="Its most typical images.")


class Point(BaseModel):
    """An image's place on a map."""

    id: int
    x: float
    y: float
    z: float | None = None
    cluster: int = Field(description="−1: in none.")
    label: str | None = None


class Map(BaseModel):
    """A map: clusters, and the points in the order of their ids."""

    name: str
    dim: int
    stale: bool = Field(description="Whether the vectors have changed since.")
    clusters: list[Cluster]
    points: list[Point]


class About(BaseModel):
    """A map at a glance."""

    points: int
    clusters: int
    noise: int
    stale: bool
    damaged: bool


class Maps(BaseModel):
    """The maps of the library by name, the combination first."""

    maps: dict[str, About]


class Coverage(BaseModel):
    """Images with a vector of an embedding."""

    current: int
    stale: int
    missing: int


class Index(BaseModel):
    """The search index."""

    size: int
    embeddings: list[str]
    stale: bool


class Status(BaseModel):
    """The library at a glance, as `status --json` says it."""

    images: dict[str, int]
    embeddings: dict[str, Coverage]
    networks: dict[str, str] = Field({}, description="Embeddings whose network runs slower on this machine than it could, and why.")
    index: Index | None = None
    maps: dict[str, About]
    likeness: str = Field(description="The version of the program.")
    rights: list[str] = Field(description="What visitors of this server may do.")


class Collection(BaseModel):
    """A collection at a glance."""

    name: str
    count: int
    description: str = ""


class Collections(BaseModel):
    """The collections of the library."""

    collections: list[Collection]


class Members(Collection):
    """A collection with its images."""

    ids: list[int]


class Ids(BaseModel):
    """Images by their ids."""

    ids: list[int] = Field(min_length=1, max_length=100_000)


class Done(BaseModel):
    """What came of a change."""

    said: str
    undo: dict | None = Field(None, description="The act that takes it back, to be posted to /act.")


class Column(BaseModel):
    """Something that conditions can be on."""

    name: str
    title: str
    kind: str


class Columns(BaseModel):
    """What `where` can name, and how many images pass."""

    columns: list[Column]
    total: int
    passing: int
