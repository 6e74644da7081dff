"""From a folder of pictures to vectors, one combined index and maps.

The package knows nothing of the dashboard. Start reading at `library` (the data),
`embeddings` (the vectors), `index` and `search` (the neighbors), `maps` (the overview).
"""
