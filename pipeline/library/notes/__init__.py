"""What the person adds to a library: collections, tags, names of clusters, ratings.

Nothing here can be computed again, so it lives in `images.db` beside the images and goes
with an image only when that is forgotten. Names and tags are one line of text, compared
without regard to case.
"""

from pipeline.library.notes.cluster_names import cluster_names, name_cluster
from pipeline.library.notes.collections import (
    Collection, collect, collected, collections, collections_among, collections_of, describe_collection,
    drop_collection, members, merge_collections, rename_collection, uncollect,
)
from pipeline.library.notes.names import LONGEST, LONGEST_SAID, clean, noted_in
from pipeline.library.notes.ratings import BY_ITSELF, HOW, Rating, rate, ratings
from pipeline.library.notes.tags import tag, tag_counts, tagged, tags, tags_of, untag

__all__ = [
    "BY_ITSELF", "HOW", "LONGEST", "LONGEST_SAID", "Collection", "Rating", "clean", "cluster_names", "collect", "collected",
    "collections", "collections_among", "collections_of", "describe_collection", "drop_collection", "members",
    "merge_collections", "name_cluster", "noted_in", "rate", "ratings", "rename_collection", "tag", "tag_counts",
    "tagged", "tags", "tags_of", "uncollect", "untag",
]  # fmt: skip
