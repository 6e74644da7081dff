"""Inside the index: how a search came to its matches, on the map."""
