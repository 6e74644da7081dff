"""From files to stored vectors: the scan of a folder, the workers, the batch loop."""
