"""The library for assistants, asked by the protocol's own client, in memory and over standard input and output."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

from pipeline.library import Library
from pipeline.search import Filter, ImageEntry, Query, Searcher, WordsEntry

ROOT = Path(__file__).parents[2]


def asked(serving, *calls: tuple[str, dict]) -> tuple[list, list]:
    """The tools, and what they answer."""
    from mcp import Client

    async def ask():
        async with Client(serving) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(name, args) for name, args in calls]

    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave a loop running in this one
        return thread.submit(anyio.run, ask).result()


def test_an_assistant_searches_looks_and_changes_nothing(made_library):
    from pipeline.assistants import server

    library = Library(made_library)
    searcher, before = Searcher(library), library.db.execute("PRAGMA data_version").fetchone()
    tools, (words, near, about, glance, none, nonsense) = asked(
        server(library, folders=False),
        ("search", {"words": "red", "count": 3}), ("neighbors", {"image": 5, "count": 3, "weights": {"color": 1}}),
        ("describe", {"image": 5}), ("library", {}), ("neighbors", {"image": 4000}), ("search", {"words": "red", "count": 1000}),
    )
    assert {one.name for one in tools} == {"search", "neighbors", "describe", "library"}
    assert all(one.annotations.read_only_hint and one.description for one in tools)
    ours = searcher.search(Query((WordsEntry("red"),), top_k=3)).matches
    assert [(one["id"], one["score"]) for one in words.structured_content["matches"]] == [(one.id, one.score) for one in ours]
    ours = searcher.search(Query((ImageEntry(5),), {"color": 1.0}, top_k=3, filter=Filter(exclude=(5,)))).matches
    assert [(one["id"], one["parts"]) for one in near.structured_content["matches"]] == [(one.id, one.parts) for one in ours]
    told, picture = about.content
    assert json.loads(told.text)["path"] == library.image(5).shown and picture.mime_type == "image/jpeg"
    assert glance.structured_content["images"]["ok"] == 60 and glance.structured_content["clusters"]["combined"]
    assert none.is_error and none.content[0].text.endswith("There is no picture 4000.") and nonsense.is_error
    root = next(iter(library.roots()))
    assert not any(root in str(one) for one in (words, near, about, glance))
    assert library.db.execute("PRAGMA data_version").fetchone() == before


@pytest.mark.slow
def test_the_command_serves_over_standard_input_and_output(library):
    from mcp import StdioServerParameters

    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "pipeline", "mcp", "--data", str(library.data)], cwd=str(ROOT))
    tools, (found,) = asked(parameters, ("neighbors", {"image": 5, "count": 2}))
    assert len(tools) == 4 and len(found.structured_content["matches"]) == 2
