"""What kinds of things a network is sure to see in images, and names for groups of images made of that."""

from pipeline.things.kinds import Kind, kinds
from pipeline.things.naming import Name, names
from pipeline.things.seen import SURE, Seen, available, seen

__all__ = ["SURE", "Kind", "Name", "Seen", "available", "kinds", "names", "seen"]
