"""Ratings by what was asked for: what a search is called, and the way back to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dashboard import components
from dashboard.pages.search import board as search_board
from dashboard.pages.search.entry import Entry
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.query import Settings
from dashboard.reads import Reads
from pipeline.library import notes
from pipeline.library.notes import Rating

TILES = 4
"""Pictures of a search that are named and shown."""


def by_search(ratings: Sequence[Rating]) -> list[list[Rating]]:
    """Ratings of what was asked for, together, however it was asked; each in the order given."""
    groups: dict[str, list[Rating]] = {}
    for one in ratings:
        asked = {key: value for key, value in one.query.items() if key not in notes.HOW}
        groups.setdefault(json.dumps(asked, sort_keys=True), []).append(one)
    return list(groups.values())


def title_of(reads: Reads, query: Mapping, board: Sequence[Entry]) -> str:
    """What a search is called, by its board."""
    if query == notes.BY_ITSELF:
        return "By themselves, outside a search"
    names = [f"{'without ' if one.minus else ''}{KINDS[one.kind].called(reads, one, {})}" for one in board]
    more = f" and {len(names) - TILES} more" if len(names) > TILES else ""
    return ", ".join(names[:TILES]) + more if names else "A search of what is gone"


def address_of(reads: Reads, query: Mapping, board: Sequence[Entry], **more: object) -> str | None:
    """Where it is asked again as it was; None where nothing is left of it. more: parameters besides."""
    if not board:
        return None
    settings = Settings.of({"metric": query.get("metric", "")} | _texts(query.get("weights")), reads.embeddings())
    return components.link("/search", **search_board.to_params(board) | settings.params() | more)


def _texts(weights: object) -> dict[str, str]:
    return {name: str(value) for name, value in weights.items()} if isinstance(weights, dict) else {}
