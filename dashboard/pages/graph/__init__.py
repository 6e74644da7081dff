"""Graph: how images hang together."""
