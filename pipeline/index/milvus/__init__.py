"""The index by Milvus; what an engine gives to `lifecycle` beside the contract."""

from pipeline.index.milvus.saved import create, damage, is_old, is_stale, open_saved, remove, saved_state
from pipeline.index.milvus.store import size_on_disk, strays, version

__all__ = [
    "create", "damage", "is_old", "is_stale", "open_saved", "remove", "saved_state", "size_on_disk", "strays",
    "version",
]  # fmt: skip
