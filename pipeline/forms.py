"""How texts are compared: letters may be written composed (é) or decomposed (e and an accent), and names of
files come in either form, by the system that made them. To a person they are one text."""

from __future__ import annotations

from unicodedata import normalize


def composed(text: str) -> str:
    """A text with composed letters (Unicode's form NFC)."""
    return normalize("NFC", text)


def decomposed(text: str) -> str:
    """A text with letters and accents apart (Unicode's form NFD)."""
    return normalize("NFD", text)


def folded(text: str) -> str:
    """A text as it is compared without regard to case."""
    return normalize("NFC", text).casefold()
