"""Compare: one image through every embedding, two maps, and where embeddings disagree."""
