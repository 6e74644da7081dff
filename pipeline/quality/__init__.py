"""How good it is: retrieval, robustness, maps and agreement in figures, and what was compared.

`evaluate` measures a library; `tune` compares two ways to shorten SIFT-VLAD vectors.
"""
