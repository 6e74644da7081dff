"""Library: what is in it, what is current, what ran, and what can be run."""
