"""What a scan did, in figures and sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pipeline.progress import counted


@dataclass
class ScanReport:
    """How many files a scan found in which condition.

    skipped: pictures of kinds that nothing reads, by extension. doubled: further names
    (links) of files that are counted already. problems: sentences on what could not be
    looked at; its images stay as they were. facts: known files that were read for what they
    say of themselves.
    """

    unchanged: int = 0
    new: int = 0
    changed: int = 0
    renamed: int = 0
    returned: int = 0
    missing: int = 0
    unreadable: int = 0
    doubled: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    facts: int = 0

    def __str__(self) -> str:
        names = ("unchanged", "new", "changed", "renamed", "returned", "missing", "unreadable")
        parts = [f"{getattr(self, name):,} {name}" for name in names if getattr(self, name)]
        if self.doubled:
            parts.append(f"{counted(self.doubled, 'link')} to files that are counted already")
        if self.facts:
            parts.append(f"facts of {self.facts:,} known ones read")
        if self.skipped:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.skipped.items()))
            parts.append(f"not read: {kinds}")
        return ", ".join(parts) or "no images"

    @property
    def touched(self) -> int:
        """Files that were not as the library knew them."""
        return self.new + self.changed + self.renamed + self.returned + self.missing
