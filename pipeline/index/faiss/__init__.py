"""The index by FAISS; what an engine gives to `lifecycle` beside the contract."""

from pipeline.index.faiss.engine import create, is_old, is_stale, open_saved, saved_state
from pipeline.index.faiss.store import damage, remove, size_on_disk, strays, version

__all__ = [
    "create", "damage", "is_old", "is_stale", "open_saved", "remove", "saved_state", "size_on_disk", "strays", "version",
]  # fmt: skip
