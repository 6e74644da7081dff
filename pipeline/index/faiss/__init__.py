"""The index by FAISS: its kinds, its files, what is added to its graph, how well it finds."""
