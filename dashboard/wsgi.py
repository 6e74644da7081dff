"""The server of the Procfile: the library of LIKENESS_DATA, made empty where there is none."""

from __future__ import annotations

from dashboard.app import create_app
from pipeline import settings
from pipeline.library import Library

server = create_app(Library(settings.data_dir(), create=True)).server
