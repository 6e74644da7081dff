"""Who is near whom: similarity graphs and their layout."""

from pipeline.graph.similarity import NEIGHBORS, Links, around, communities, sample, within

__all__ = ["NEIGHBORS", "Links", "around", "communities", "sample", "within"]
