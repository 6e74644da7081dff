"""How pictures look as pictures: figures of each, kept, and what is wrong with them, whatever is in them."""

from pipeline.appearance.faults import FAULTS, faults
from pipeline.appearance.measured import Measured, at_hand, measured

__all__ = ["FAULTS", "Measured", "at_hand", "faults", "measured"]
