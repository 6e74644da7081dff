"""Search: what is searched with, how, and what is found."""
