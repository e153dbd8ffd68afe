"""Tables that never cut a number: on a narrow screen columns are left out and named, or rows are stacked."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

Cell = str | Text

_ANY_WIDTH = 100_000


@define(eq=False)
class Sheet:
    """Rows under named columns, laid out for the width that there is when it is printed.

    Cells of `prose` columns fold between words; all others are shown whole or not at all. `optional` columns are the
    ones that may be left out, the last named first. What does not fit even then is shown row by row, one value a line.
    """

    columns: tuple[str, ...]
    right: frozenset[str] = frozenset()
    prose: frozenset[str] = frozenset()
    optional: tuple[str, ...] = ()
    rows: list[tuple[Cell, ...]] = field(factory=list)

    def add_row(self, *cells: Cell) -> None:
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(self.columns)} cells are needed, found {len(cells)}")
        self.rows.append(cells)

    def add_heading(self, text: str) -> None:
        """A line over the rows that follow."""
        self.rows.append((Text(text, style="bold"),))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for kept in range(len(self.optional), -1, -1):
            left_out = self.optional[kept:]
            table = self._table([name for name in self.columns if name not in left_out])
            # Measured as if there were room for anything: what is asked within a width is cut down to that width.
            needed = Measurement.get(console, options.update(width=_ANY_WIDTH), table).minimum
            if needed <= options.max_width:
                yield table
                if left_out:
                    names = ", ".join(_one_line(name) for name in self.columns if name in left_out)
                    yield Text(f"Too narrow for: {names}. A wider window or --json shows them.", style="dim")
                return
        yield from self._stacked()

    def _table(self, names: Sequence[str]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        places = [self.columns.index(name) for name in names]
        for name, place in zip(names, places, strict=True):
            justify: JustifyMethod = "right" if name in self.right else "left"
            # Rich squeezes what has no least width.
            least = None if name in self.prose else self._width(name, place)
            table.add_column(name, justify=justify, no_wrap=least is not None, overflow="fold", min_width=least)
        for row in self.rows:
            if len(row) < len(self.columns) and table.row_count:
                table.add_section()
            table.add_row(*(row[place] for place in places if place < len(row)))
        return table

    def _width(self, name: str, place: int) -> int:
        cells = [name, *(str(row[place]) for row in self.rows if len(row) == len(self.columns))]
        return max(cell_len(line) for cell in cells for line in cell.split("\n"))

    def _stacked(self) -> RenderResult:
        """One line for each value; the first column is the heading of its row."""
        width = max((len(_one_line(name)) for name in self.columns[1:]), default=0)
        for first, *rest in self.rows:
            yield _joined(first)
            for name, cell in zip(self.columns[1:], rest, strict=False):  # a heading has no more
                if str(cell):
                    yield Text(f"  {_one_line(name):<{width}}  ") + _joined(cell)


def folded_code(code: str, width: int = 18) -> str:
    """A reason code over several lines, broken behind its underscores."""
    lines = [""]
    for part in code.replace("_", "_ ").split():
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.replace("_\n", "_").split())


def _joined(cell: Cell) -> Text:
    return Text(_one_line(str(cell)), style=cell.style if isinstance(cell, Text) else "")
