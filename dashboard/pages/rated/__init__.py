"""The Rated page: what a person thought of matches, search by search."""
