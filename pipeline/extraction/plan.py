"""What a library computes: which embeddings, and how each is set up.

A command changes only what it names; the rest stays as the library remembers it. What will
be computed again because of a change is said in one sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.embeddings import (
    EMBEDDINGS,
    WRITTEN,
    Extractor,
    Options,
    about,
    canonical,
    create,
    find,
    ordered,
)
from pipeline.errors import EmbeddingError, SettingsError
from pipeline.library import Library
from pipeline.progress import Progress, Silent

AUTO = "auto"
_STEP = "embed"

Given = Mapping[str, Mapping[str, Any]]
"""Options that are named: embedding → option → value."""


def choose(library: Library, text: str | None = None, given: Given = {}, progress: Progress = Silent()) -> list[str]:
    """Which embeddings a library computes, from `auto` or a comma-separated list; remembered.

    text None: as before, `auto` for a new library. `auto` stays with what the library has,
    and puts a stand-in in the place of what cannot be computed here; what it leaves for
    another time it says. Raises EmbeddingError for an unknown name.
    """
    kept = _kept(library)
    auto = text is not None and text.strip() == AUTO
    if text is None:
        auto, names = kept["auto"], kept["embeddings"]
    elif not auto:
        names = [canonical(name.strip()) for name in text.split(",") if name.strip()]
        if not names:
            raise EmbeddingError("Name at least one embedding, or auto.")
    if auto:
        found = [_auto(library, name, given, progress) for name, entry in EMBEDDINGS.items() if entry.auto]
        names = ordered([*found, *names]) if text is None else found
    names = list(dict.fromkeys(names))
    if text is not None:
        for name in names:
            if name not in WRITTEN:
                options = create(name).options
                find(name).extractor.check(options)
        _say_dropped(library, [name for name in kept["embeddings"] if name not in names], progress)
    library.choose(_STEP, {"embeddings": names, "auto": auto})
    known = [name for name in names if find(name)]  # what another version has chosen is its own affair
    return [name for name in known if not (auto and _waits(library, name, given, progress))]


def writes(library: Library) -> bool:
    """Whether what is written about images is an embedding here: where it was named, or nobody has chosen."""
    kept = _kept(library)
    return kept["auto"] or any(name in WRITTEN for name in kept["embeddings"])


def extractors(
    library: Library, names: Sequence[str], given: Given = {}, device: str = "auto", progress: Progress = Silent()
) -> dict[str, Extractor]:
    """An extractor per name, set up as the library remembers and as is `given` now.

    Raises SettingsError where an option is given for an embedding that is not among them.
    """
    for name, values in given.items():
        if values and name not in names and find(name).stand_in not in names:
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


def _kept(library: Library) -> dict[str, Any]:
    """What was chosen before. A library from before choices were remembered goes on with what it has."""
    kept = library.choice(_STEP)
    if kept is not None:
        return kept
    there = [name for name, it in library.embeddings().items() if it.extractor and find(name)]
    sql = "SELECT parameters FROM runs WHERE command IN ('run', 'embed') ORDER BY id DESC"
    said = (json.loads(row[0]).get("embeddings") for row in library.db.execute(sql))
    return {"embeddings": there, "auto": not there or next(said, None) == AUTO}


def _auto(library: Library, name: str, given: Given, progress: Progress) -> str:
    """An embedding that `auto` stands for, or what stands in for it."""
    entry, there = EMBEDDINGS[name], library.embeddings()
    if entry.stand_in is None or name in there:
        return name
    options = create(name, given.get(name)).options
    if entry.stand_in in there:
        if entry.extractor.is_here(options):
            others = [other for other, it in EMBEDDINGS.items() if it.auto]
            progress.say(
                f"{name} could be computed here now; this library goes on with {entry.stand_in}. "
                f"To change over: --embeddings {','.join(others)}"
            )
        return entry.stand_in
    reason = entry.extractor.unavailable(options)
    if reason is None:
        return name
    progress.say(f"{reason} Going on with {entry.stand_in} in {name}'s place.")
    return entry.stand_in


def _waits(library: Library, name: str, given: Given, progress: Progress) -> bool:
    """Whether an embedding that nobody named cannot be computed this time; says so where it is wanted."""
    entry = find(name)
    if not entry.uses_network or name not in library.embeddings():
        return False
    options = remembered(library, name).changed(given.get(name, {}))
    if entry.extractor.is_here(options):
        return False
    reason = entry.extractor.unavailable(options)
    if reason is None:
        return False
    if count := len(library.pending(name)):
        progress.say(f"{reason} {count:,} images wait for their vectors of {name}; the next run tries again.")
    return True


def _say_dropped(library: Library, names: list[str], progress: Progress) -> None:
    names = [name for name in names if name in library.embeddings()]
    if names:
        progress.say(f"New images get no vectors of {' and '.join(names)} any more; those there are stay.")


def _sentence(name: str, before: Options, after: Options, count: int) -> str:
    was, now = before.changing(), after.changing()
    changes = " and ".join(f"{key} {was[key]} → {now[key]}" for key in now if was[key] != now[key])
    return f"{about(name).title} changes ({changes}): {count:,} vectors of {name} are computed again."
