"""Quality: how exact the index, how honest the maps, how good each embedding."""
