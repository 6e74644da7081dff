"""The Gallery page: a set of images as pictures."""
