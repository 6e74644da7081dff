"""What the browser asks the server for when something is searched: the callback of the Search page's gallery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MARK = "search-status.children"
"""In the name of that callback's outputs."""


def body(callback: Mapping, embeddings: Sequence[str], board: Sequence, uploads: Mapping | None = None) -> dict:
    """The request for the first matches, all sliders up.

    callback: its "output", "inputs" and "state", as `/_dash-dependencies` lists them. board: the entries.
    uploads: vectors by token, as `/upload` answered.
    """
    weights = [{"embedding": one, "type": "search-weight"} for one in embeddings]
    values = {
        "search-asked": {"board": list(board), "uploads": dict(uploads or {}), "names": {}, "seen": []},
        "search-metric": "cosine", "search-count": "24", "search-mode": "closest", "search-by": "given", "search-seen": [],
    }

    def given(parts: Iterable[Mapping]) -> list:
        return [
            [{"id": one, "property": part["property"], "value": one if part["property"] == "id" else 1} for one in weights]
            if part["id"].startswith("{")
            else {"id": part["id"], "property": part["property"], "value": values.get(part["id"])}
            for part in parts
        ]

    name = callback["output"]
    return {
        "output": name, "outputs": [dict(zip(("id", "property"), one.rsplit(".", 1))) for one in name.strip(".").split("...")],
        "inputs": given(callback["inputs"]), "state": given(callback["state"]), "changedPropIds": ["search-asked.data"],
    }
