"""The Table page."""
