"""What files say of themselves and what a person's tables say of them: `library.facts`."""

from pipeline.library.facts.columns import KEYWORD, KNOWN, OWN, Column
from pipeline.library.facts.facts import Facts, ImageFacts
from pipeline.library.facts.words import Found

__all__ = ["KEYWORD", "KNOWN", "OWN", "Column", "Facts", "Found", "ImageFacts"]
