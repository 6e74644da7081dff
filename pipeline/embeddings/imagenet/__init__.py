"""What ImageNet's classes are called, and everyday words for groups of them.

A network trained on ImageNet has a direction for each class in the space of its features.
`find` turns a word into the classes it stands for; who has such a network makes a vector of them.
"""

from pipeline.embeddings.imagenet.classes import COUNT, names, titles
from pipeline.embeddings.imagenet.things import Thing, beginning, find, near, things

__all__ = ["COUNT", "Thing", "beginning", "find", "names", "near", "things", "titles"]
