"""Weights learned from what a person has said: labels, or thumbs on matches."""

from pipeline.learned.kept import SOURCES, kept, learn, presets, put
from pipeline.learned.questions import LABELS, THUMBS, count
from pipeline.learned.weights import Learned, lacking

__all__ = ["LABELS", "SOURCES", "THUMBS", "Learned", "count", "kept", "lacking", "learn", "presets", "put"]
