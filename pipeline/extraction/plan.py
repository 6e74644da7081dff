"""What a library computes: which embeddings, and how each is set up.

A command changes only what it names; the rest stays as the library remembers it. What will
be computed again because of a change is said in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.embeddings import EMBEDDINGS, Extractor, Options, about, create
from pipeline.errors import EmbeddingError, SettingsError
from pipeline.library import Library
from pipeline.progress import Progress, Silent

AUTO = "auto"

Given = Mapping[str, Mapping[str, Any]]
"""Options that are named: embedding → option → value."""


def choose(text: str, given: Given = {}, progress: Progress = Silent()) -> list[str]:
    """Read `auto` or a comma-separated list into names of embeddings.

    `auto` puts its stand-in in the place of what cannot be computed here, and says so in
    one sentence. Raises EmbeddingError for an unknown name.
    """
    if text.strip() != AUTO:
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names:
            raise EmbeddingError("Name at least one embedding, or auto.")
        for name in names:
            create(name)
        return list(dict.fromkeys(names))
    return [_here_or_stand_in(name, given, progress) for name, entry in EMBEDDINGS.items() if entry.auto]


def extractors(
    library: Library, names: Sequence[str], given: Given = {}, device: str = "auto", progress: Progress = Silent()
) -> dict[str, Extractor]:
    """An extractor per name, set up as the library remembers and as is `given` now.

    Raises SettingsError where an option is given for an embedding that is not among them.
    """
    for name, values in given.items():
        if values and name not in names:
            raise SettingsError(
                f"{' and '.join(values)} concerns {name}, which is not computed here ({', '.join(names)} are)."
            )
    made = {}
    for name in names:
        before = remembered(library, name)
        after = (before or create(name).options).changed(given.get(name, {}))
        if before is not None and before.changing() != after.changing():
            count = library.coverage(name)["current"]
            progress.say(_sentence(name, before, after, count))
        made[name] = create(name, after, device)
    return made


def remembered(library: Library, name: str) -> Options | None:
    """The options that a library's current vectors of an embedding were made with, or None."""
    current = library.embeddings().get(name)
    return None if current is None else create(name, current.options).options


def _here_or_stand_in(name: str, given: Given, progress: Progress) -> str:
    entry = EMBEDDINGS[name]
    if entry.stand_in is None or entry.extractor is None:
        return name
    reason = entry.extractor.unavailable(create(name, given.get(name)).options)
    if reason is None:
        return name
    progress.say(f"{reason} Going on with {entry.stand_in} in {name}'s place.")
    return entry.stand_in


def _sentence(name: str, before: Options, after: Options, count: int) -> str:
    was, now = before.changing(), after.changing()
    changes = " and ".join(f"{key} {was[key]} → {now[key]}" for key in now if was[key] != now[key])
    return f"{about(name).title} changes ({changes}): {count:,} vectors of {name} are computed again."
