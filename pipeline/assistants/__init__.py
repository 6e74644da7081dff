"""A library for assistants, by the Model Context Protocol; nothing of it can be changed this way."""

from pipeline.assistants.server import server

__all__ = ["server"]
