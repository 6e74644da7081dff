"""A person's own tables of images: read, matched with images by their paths, kept as columns."""

from pipeline.facts.bring import Brought, bring, drop

__all__ = ["Brought", "bring", "drop"]
