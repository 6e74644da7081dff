"""The server of the Procfile: the libraries below LIKENESS_ROOF, or the one of LIKENESS_DATA,
made empty where there is none."""

from __future__ import annotations

from dashboard.roof import libraries_in, open_roof
from pipeline import settings

_roof = settings.roof_dir()
server = open_roof(libraries_in(_roof) if _roof else [settings.data_dir()], warm=True)
