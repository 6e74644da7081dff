"""The index by FAISS: engine, its structures and files, what it finds and at which effort."""
