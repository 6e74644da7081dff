"""Groups of images that are copies of one another."""

from pipeline.duplicates.groups import BITS, Group, as_json, find

__all__ = ["BITS", "Group", "as_json", "find"]
