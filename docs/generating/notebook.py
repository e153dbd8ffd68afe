"""The notebooks: their cells from a Python script, carried out in order, with what they show stored beside them.

Written as nbformat 4.5 by hand: one format of one file does not need Jupyter's libraries.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path("docs/notebooks")
NOTEBOOKS = ("month", "replays")
"""Each is a script of that name, and the notebook that is made from it."""
_CELL = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


@frozen
class Cell:
    """One cell: prose, or code."""

    text: str
    code: bool


@frozen
class Shown:
    """What a code cell shows: what it prints, its last value as text and HTML, and its pictures as PNG."""

    printed: str
    text: str | None
    html: str | None
    pictures: tuple[bytes, ...]


def cells_of(script: str) -> tuple[Cell, ...]:
    """The cells of a script; what stands before the first `# %%` is for readers of the script."""
    _, *parts = _CELL.split(script)
    cells = []
    for kind, body in zip(parts[::2], parts[1::2], strict=True):
        text = body.strip("\n")
        if kind:
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
        cells.append(Cell(text, code=not kind))
    return tuple(cells)


def carried_out(cells: tuple[Cell, ...]) -> tuple[Shown | None, ...]:
    """What each cell shows when all are carried out in order in one namespace; None for prose."""
    import matplotlib as mpl  # noqa: PLC0415  (only the notebook needs it, and it is slow to import)

    mpl.use("Agg")
    namespace: dict[str, Any] = {"__name__": "__notebook__"}
    return tuple(_shown(cell, namespace) if cell.code else None for cell in cells)


def _shown(cell: Cell, namespace: dict[str, Any]) -> Shown:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    *body, last = ast.parse(cell.text).body
    value, printed = None, io.StringIO()
    with redirect_stdout(printed):
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(body, []), "<cell>", "exec"), namespace)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
        else:
            exec(compile(ast.Module([*body, last], []), "<cell>", "exec"), namespace)
    pictures = []
    for number in plt.get_fignums():
        picture = io.BytesIO()
        plt.figure(number).savefig(picture, format="png", dpi=100, metadata={"Software": None})
        pictures.append(picture.getvalue())
    plt.close("all")
    html = getattr(value, "_repr_html_", lambda: None)()
    text = None if value is None else _ADDRESS.sub("0x…", repr(value))
    return Shown(printed.getvalue(), text, html, tuple(pictures))


def notebook_of(cells: tuple[Cell, ...], shown: tuple[Shown | None, ...]) -> str:
    """The notebook's file."""
    count = 0
    documents = []
    for place, (cell, show) in enumerate(zip(cells, shown, strict=True)):
        base: dict[str, Any] = {"id": f"cell-{place}", "metadata": {}, "source": cell.text.splitlines(keepends=True)}
        if show is None:
            documents.append({"cell_type": "markdown", **base})
            continue
        count += 1
        outputs = _outputs(show, count)
        documents.append({"cell_type": "code", **base, "execution_count": count, "outputs": outputs})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": documents, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _outputs(show: Shown, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if show.printed:
        found.append({"output_type": "stream", "name": "stdout", "text": show.printed.splitlines(keepends=True)})
    if show.text is not None:
        data: dict[str, Any] = {"text/plain": show.text.splitlines(keepends=True)}
        if show.html is not None:
            data["text/html"] = show.html.splitlines(keepends=True)
        found.append({"output_type": "execute_result", "execution_count": count, "data": data, "metadata": {}})
    for picture in show.pictures:
        encoded = base64.b64encode(picture).decode() + "\n"
        found.append({"output_type": "display_data", "data": {"image/png": encoded}, "metadata": {}})
    return found


def without_pictures(notebook: str) -> list[dict[str, Any]]:
    """The cells of a notebook's file with everything but the pictures' bytes, which differ between font versions."""
    cells: list[dict[str, Any]] = json.loads(notebook)["cells"]
    for cell in cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output["data"] = {"image/png": "a picture"}
    return cells


def script_of(name: str) -> tuple[Cell, ...]:
    """The cells of a notebook's script."""
    return cells_of((ROOT / FOLDER / f"{name}.py").read_text())


def stored(name: str) -> str:
    """The notebook's file as it is."""
    return (ROOT / FOLDER / f"{name}.ipynb").read_text()


def made_anew(name: str) -> str:
    """The notebook's file as its script and the code make it now."""
    cells = script_of(name)
    return notebook_of(cells, carried_out(cells))
