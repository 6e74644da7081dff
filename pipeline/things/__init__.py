"""What kinds of things a network is sure to see in images, names for groups of images made of that, and
the colors that things have."""

from pipeline.things.kinds import Kind, kinds
from pipeline.things.naming import Name, names
from pipeline.things.seen import NAME, SURE, Seen, at_hand, available, seen, shares

__all__ = ["NAME", "SURE", "Kind", "Name", "Seen", "at_hand", "available", "kinds", "names", "seen", "shares"]
