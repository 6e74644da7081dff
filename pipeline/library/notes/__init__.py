"""What the person adds to a library: collections, tags, names of clusters, ratings, decisions on copies.

Nothing here can be computed again, so it lives in `images.db` beside the images and goes
with an image only when that is forgotten. Names and tags are one line of text, compared
without regard to case.
"""

from pipeline.library.notes.cluster_names import cluster_names, name_cluster
from pipeline.library.notes.collections import (
    Collection, collect, collected, collections, collections_among, collections_of, describe_collection,
    drop_collection, members, merge_collections, rename_collection, uncollect,
)
from pipeline.library.notes.copies import (
    APART, ASIDE, KEPT, SETTLED, Decision, decisions, no_copies_of, part, reference_folders,
    restore_decisions, set_reference, settle, settle_all, withdraw,
)
from pipeline.library.notes.names import LONGEST, LONGEST_SAID, clean, noted_in
from pipeline.library.notes.ratings import BY_ITSELF, HOW, Rating, rate, ratings
from pipeline.library.notes.tags import tag, tag_counts, tagged, tags, tags_of, untag

__all__ = [
    "APART", "ASIDE", "BY_ITSELF", "HOW", "KEPT", "LONGEST", "LONGEST_SAID", "SETTLED", "Collection",
    "Decision", "Rating", "clean", "cluster_names", "collect", "collected", "collections",
    "collections_among", "collections_of", "decisions", "describe_collection",
    "drop_collection", "members", "merge_collections", "name_cluster", "no_copies_of", "noted_in", "part", "rate",
    "ratings", "reference_folders", "rename_collection", "restore_decisions", "set_reference", "settle", "settle_all", "tag",
    "tag_counts", "tagged", "tags", "tags_of", "uncollect", "untag", "withdraw",
]  # fmt: skip
