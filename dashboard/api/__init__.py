"""The HTTP API: every operation is declared once (path, parameters, answers, work), and the document is made from that."""

from dashboard.api.routes import register

__all__ = ["register"]
