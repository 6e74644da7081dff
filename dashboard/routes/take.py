"""The whole library as a file, for other programs and people: /export/library/KIND and /export/map/NAME.html."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from flask import Flask, Response, send_file

from dashboard import map_page
from dashboard.access import READ, needs
from dashboard.pools import TRANSFER
from dashboard.reads import Reads
from pipeline.errors import LikenessError
from pipeline.export import FOLDERS, KINDS, Wanted

OFFERED = ("csv", "parquet", "npz", "projector")
"""Kinds that go to a visitor; the others name files of this machine, or copy all of them."""


def register(server: Flask, reads: Reads) -> None:
    """Add the two routes."""
    wanted = Wanted(places=reads.data_told is not None)

    @server.get("/export/library/<kind>")
    @needs(READ, pool=TRANSFER)
    def whole(kind: str) -> Response:
        if kind not in OFFERED:
            return Response("There is no such export.", status=404, mimetype="text/plain")
        ending = "zip" if kind in FOLDERS else kind
        return _sent(lambda folder: KINDS[kind](reads.library, folder / kind, wanted), kind, f"likeness {kind}.{ending}")

    @server.get("/export/map/<name>.html")
    @needs(READ, pool=TRANSFER)
    def one_map(name: str) -> Response:
        return _sent(lambda folder: map_page.write(reads.library, name, folder / "map"), "map", f"likeness map {name}.html")


def _sent(write, kind: str, name: str) -> Response:
    """What `write` puts into a folder, as one file; the folder goes with the answer."""
    folder = Path(tempfile.mkdtemp(prefix="likeness-export-"))
    try:
        write(folder)
        file = folder / kind
        if file.is_dir():
            file = Path(shutil.make_archive(str(folder / "all"), "zip", file))
        opened = open(file, "rb")  # closed with the answer; an open file outlives its name
    except LikenessError as error:
        return Response(str(error), status=404, mimetype="text/plain")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    answer = send_file(opened, mimetype="application/octet-stream", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
