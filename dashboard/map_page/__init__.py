"""A map as one HTML file that opens from disk, without a server and without a network."""

from dashboard.map_page.page import write

__all__ = ["write"]
