"""Image: one image with all that is known of it."""
