"""Who may ask a server, under which names, and for what.

rights: read, annotate, run, and how callbacks and routes say which one they need.
access: what a server was told at its start. names: host names that are answered.
password and sessions: who has come in. guard: all of it, before every request.
"""

from dashboard.access.access import Access
from dashboard.access.guard import guard
from dashboard.access.rights import ANNOTATE, READ, RUN, RightsError, needs, plan_of, rights_of

__all__ = ["ANNOTATE", "READ", "RUN", "Access", "RightsError", "guard", "needs", "plan_of", "rights_of"]
