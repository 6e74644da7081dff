"""The columns that facts come in: well-known ones, keywords, and a person's own."""

from __future__ import annotations

from dataclasses import dataclass

OWN = "own."
"""How the name of a person's own column begins, so that it never meets another one's."""

KEYWORD = "keyword"


@dataclass(frozen=True)
class Column:
    """A column of facts.

    name: in addresses and calls. title: on the screen. kind: `number`, `date`, `category`
    (few values, many images each) or `text`.
    """

    name: str
    title: str
    kind: str


KNOWN = {
    column.name: column
    for column in (
        Column("taken", "Taken", "date"),
        Column("camera", "Camera", "category"),
        Column("lens", "Lens", "category"),
        Column("exposure", "Exposure (s)", "number"),
        Column("aperture", "Aperture (f/)", "number"),
        Column("iso", "ISO", "number"),
        Column("focal_length", "Focal length (mm)", "number"),
        Column("latitude", "Latitude", "number"),
        Column("longitude", "Longitude", "number"),
        Column("title", "Title", "text"),
        Column("caption", "Caption", "text"),
        Column("creator", "Creator", "category"),
        Column("copyright", "Copyright", "category"),
        Column("rating", "Rating in the file", "number"),
        Column("generator", "Generator", "category"),
        Column("prompt", "Prompt", "text"),
        Column("negative_prompt", "Negative prompt", "text"),
        Column("model", "Model", "category"),
        Column("seed", "Seed", "text"),
        Column(KEYWORD, "Keyword", "category"),
    )
}
"""What files may say, by name, in the order of the screen."""
