"""How a person wants the index: remembered by the library, changed only in what is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from pipeline.errors import EmbeddingError
from pipeline.index.milvus import address
from pipeline.library import Library
from pipeline.settings import IndexOptions

_STEP = "index"
ALL = "all"
"""In place of names: every embedding that has vectors, also those that come later."""


@dataclass(frozen=True)
class Choice:
    """embeddings: names, or None for all. options: as remembered, else as the index was made,
    else the defaults. named: what was asked for right now, and is to be remembered."""

    embeddings: tuple[str, ...] | None
    options: IndexOptions
    named: Mapping = field(default_factory=dict)

    @classmethod
    def of(cls, library: Library, made: IndexOptions | None) -> Choice:
        """What the library remembers. made: options of the index there is, where it remembers none."""
        kept = dict(library.choice(_STEP) or {})
        names = kept.pop("embeddings", None)
        known = {one.name for one in fields(IndexOptions)}
        options = replace(made or IndexOptions(), **{k: v for k, v in kept.items() if k in known})
        return cls(None if names is None else tuple(names), options)

    def changed(self, embeddings: list[str] | None, options: IndexOptions | Mapping | None) -> Choice:
        """The same but for what is named."""
        if embeddings is None and options is None:
            return self
        named = asdict(options) if isinstance(options, IndexOptions) else dict(options or {})
        if named.get("uri"):
            named["uri"] = address.typed(named["uri"])
        chosen, names = replace(self.options, **named), self.embeddings
        if embeddings is not None:
            names = None if list(embeddings) == [ALL] else tuple(embeddings)
            named["embeddings"] = names
        return Choice(names, chosen, named)

    def embeddings_of(self, library: Library, named: bool = False) -> list[str]:
        """The embeddings to hold, in the library's order; EmbeddingError where there are none.

        named: asked for right now, so that each must have vectors.
        """
        covered = _covered(library)
        for name in self.embeddings or ():
            if named and name not in covered:
                raise EmbeddingError(
                    f"{name!r} has no vectors in this library; there are: {', '.join(covered) or 'none'}."
                )
        if not covered:
            raise EmbeddingError("There are no vectors yet. Compute them with: python -m pipeline embed")
        return self.wanted(library)

    def wanted(self, library: Library) -> list[str]:
        """The same, and none where there are no vectors: those remembered that have any, else all."""
        covered = _covered(library)
        return [name for name in covered if name in (self.embeddings or covered)] or covered

    def remember(self, library: Library) -> None:
        """Keep it, where something of it was named."""
        if self.named:
            library.choose(_STEP, {**(library.choice(_STEP) or {}), **self.named})


def _covered(library: Library) -> list[str]:
    """The embeddings of which there are current vectors."""
    return [name for name in library.embeddings() if library.coverage(name)["current"]]
