"""The library for assistants, asked by the protocol's own client: in memory, over standard input and output, by HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

from pipeline.library import Library
from pipeline.search import Filter, ImageEntry, Query, Searcher, WordsEntry

ROOT = Path(__file__).parents[2]


def asked(serving, *calls: tuple[str, dict], meanwhile: Callable[[], None] = lambda: None) -> tuple[list, list]:
    """The tools, and what they answer; meanwhile: done while the client is still there."""
    from mcp import Client

    async def ask():
        async with Client(serving) as client:
            tools = (await client.list_tools()).tools
            answers = [await client.call_tool(name, args) for name, args in calls]
            meanwhile()
            return tools, answers

    with ThreadPoolExecutor(1) as thread:  # a browser's tests leave a loop running in this one
        return thread.submit(anyio.run, ask).result()


def test_an_assistant_searches_looks_and_changes_nothing(made_library):
    from pipeline.assistants import server

    library = Library(made_library)
    searcher, before = Searcher(library), library.db.execute("PRAGMA data_version").fetchone()
    tools, (words, near, about, glance, none, nonsense, silent) = asked(
        server(library, folders=False),
        ("search", {"words": "red", "count": 3}), ("neighbors", {"image": 5, "count": 3, "weights": {"color": 1}}),
        ("describe", {"image": 5}), ("library", {}), ("neighbors", {"image": 4000}), ("search", {"words": "red", "count": 1000}),
        ("search", {"words": " "}),
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
    assert silent.is_error and silent.content[0].text.endswith("words for things and colors, as in `red dress`.")
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


@pytest.mark.slow
def test_told_to_end_it_does_though_it_waits_for_a_line(library):
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", "mcp", "--data", str(library.data)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        print('{"jsonrpc": "2.0", "id": 1, "method": "ping"}', file=process.stdin, flush=True)
        assert json.loads(process.stdout.readline())["id"] == 1
        process.terminate()
        try:
            assert process.wait(60) == 143 and process.stderr.read() == "Stopped.\n"
        finally:
            process.kill()


@pytest.mark.slow
def test_by_http_only_programs_of_this_machine_that_know_the_token_are_answered_until_it_is_told_to_end(library):
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "mcp", "--data", str(library.data), "--port", "0"], cwd=ROOT, text=True,
        env=os.environ | {"LIKENESS_TOKEN": "sesame"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/mcp", process.stdout.readline())[0]
        token, begin = {"Authorization": "Bearer sesame"}, {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}
        assert httpx2.post(address, **begin).status_code == 401
        assert httpx2.post(address, headers={"Authorization": "Bearer seedcake"}, **begin).status_code == 401
        for named in ({"Host": "photos.example"}, {"Origin": "http://127.0.0.1:9"}):  # a name that leads here, a page of here
            assert httpx2.post(address, headers=token | named, **begin).status_code in (403, 421)
        port = address.split(":")[2].split("/")[0]
        again = subprocess.run([sys.executable, "-m", "pipeline", "mcp", "--data", str(library.data), "--port", port],
                               cwd=ROOT, capture_output=True, text=True)
        assert again.returncode == 1 and f"Error: Cannot listen on 127.0.0.1, port {port}" in again.stderr

        def end() -> None:
            process.terminate()
            assert process.wait(60) == 0 and "Traceback" not in process.stderr.read()

        with_token = streamable_http_client(address, http_client=httpx2.AsyncClient(headers=token))
        tools, (found,) = asked(with_token, ("neighbors", {"image": 5, "count": 2}), meanwhile=end)
        assert len(tools) == 4 and len(found.structured_content["matches"]) == 2
    finally:
        process.kill()
        process.wait()
