"""The index by FAISS; what an engine gives to `lifecycle` beside the contract."""

from pipeline.index.faiss.engine import create, is_stale, open_saved, saved_state
from pipeline.index.faiss.store import size_on_disk, version

__all__ = ["create", "is_stale", "open_saved", "saved_state", "size_on_disk", "version"]
