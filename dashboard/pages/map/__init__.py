"""Map: the overview, its clusters, selections."""
