"""Groups of images that are copies of one another."""

from pipeline.duplicates.candidates import BITS
from pipeline.duplicates.eyes import KINDS, Reason
from pipeline.duplicates.groups import Group, Pair, find

__all__ = ["BITS", "KINDS", "Group", "Pair", "Reason", "find"]
