"""What is known of every image, a column each, and which images meet a condition on one."""

from pipeline.columns.conditions import NONE, Between, Condition, Contains, OneOf, one_of, parse, printed
from pipeline.columns.registry import known
from pipeline.columns.table import Columns, Table, of
from pipeline.columns.values import Values

__all__ = [
    "NONE", "Between", "Columns", "Condition", "Contains", "OneOf", "Table", "Values", "known", "of", "one_of", "parse", "printed",
]
