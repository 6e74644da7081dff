"""Why a picture is a match: what its score is made of, and what of the two pictures agrees, and where.

`why.explain` puts it together; `score`, `structure`, `colors`, `regions` and `known` each answer for
one thing and can be asked by themselves.
"""

from pipeline.reasons.why import Reasons, Shown, explain

__all__ = ["Reasons", "Shown", "explain"]
