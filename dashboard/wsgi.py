"""The dashboard for a WSGI server of one's own: the libraries below LIKENESS_ROOF, or the one of
LIKENESS_DATA, made empty where there is none.

Others can reach such a server, so LIKENESS_PASSWORD or LIKENESS_NO_PASSWORD=1 must be set; what
else is read from the environment stands at `Access.from_environment`, and LIKENESS_PREFIX.
"""

from __future__ import annotations

import os

from dashboard import logs
from dashboard.access import Access
from dashboard.pools import few_heaps, multiply_alone
from dashboard.roof import checked_prefix, libraries_in, open_roof
from pipeline import settings

logs.start()
few_heaps()
multiply_alone()
_roof = settings.roof_dir()
_access = Access.from_environment(os.environ)
_outside = checked_prefix(os.environ.get("LIKENESS_PREFIX", ""))
server = logs.Logged(
    open_roof(libraries_in(_roof) if _roof else [settings.data_dir()], _access, warm=True, prefix=_outside),
    _access.trusted,
)
