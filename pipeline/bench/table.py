"""What a stage of the bench answers: rows of figures and what each column means."""

from __future__ import annotations

from dataclasses import dataclass, field

Cell = str | float | int | None


@dataclass
class Table:
    """A title, {column: what it means}, rows {column: figure}, and sentences below.

    A column a row leaves out is shown empty. A figure is None where it could not be had.
    """

    title: str
    columns: dict[str, str]
    rows: list[dict[str, Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, **figures: Cell) -> None:
        """Add a row; every key must be a column."""
        unknown = set(figures) - set(self.columns)
        if unknown:
            raise KeyError(f"no such column: {unknown}")
        self.rows.append({key: _rounded(value) for key, value in figures.items()})

    def __str__(self) -> str:
        shown = [column for column in self.columns if any(column in row for row in self.rows)]
        lines = [shown] + [[_shown(row.get(column, "")) for column in shown] for row in self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(shown))]
        numbers = [any(isinstance(row.get(column), (int, float)) for row in self.rows) for column in shown]
        text = [self.title, ""]
        for line in lines:
            cells = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, numbers))
            text.append("  " + "  ".join(cells).rstrip())
        text += ["", *(f"  {column}: {self.columns[column]}" for column in shown if self.columns[column])]
        text += [f"  {note}" for note in self.notes]
        return "\n".join(text)


def _rounded(value: Cell) -> Cell:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _shown(value: Cell) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 100 else f"{value:.3g}"
