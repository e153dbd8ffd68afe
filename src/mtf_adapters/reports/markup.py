"""HTML out of values: every text is escaped here, and a tag is put around what comes from data nowhere else."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from attrs import frozen


@frozen
class Html:
    """A piece of a page; its text may stand there as it is."""

    text: str


@frozen
class Cell:
    """A cell of a table."""

    text: str
    style: str = ""
    """A class of the style sheet: `gain`, `loss`, `few`."""


Content = Html | str


def text(content: Content) -> str:
    """As it may stand in a page."""
    return content.text if isinstance(content, Html) else escape(content)


def element(name: str, *inside: Content, **attributes: str) -> Html:
    """An element; a trailing `_` of an attribute's name falls away, another one becomes `-`."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{told}>{''.join(map(text, inside))}</{name}>")


def section(title: str, *inside: Content, ident: str = "") -> Html:
    named = {"id": ident} if ident else {}
    return element("section", element("h2", title), *inside, **named)


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell | str]], *, numbers: Sequence[int] = ()) -> Html:
    """A table that scrolls sideways where it is too wide; the columns at the places `numbers` are set to the right."""
    head = element("tr", *(_cell("th", Cell(name), place in numbers) for place, name in enumerate(columns)))
    body = (
        element(
            "tr",
            *(
                _cell("td", cell if isinstance(cell, Cell) else Cell(cell), place in numbers)
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    )
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="wide")


def pairs(rows: Iterable[tuple[str, str]]) -> Html:
    """Names and what there is to say of each."""
    made = (element("tr", element("th", name), element("td", said)) for name, said in rows)
    return element("table", *made, class_="pairs")


def _cell(name: str, cell: Cell, is_number: bool) -> Html:
    styles = " ".join(part for part in ("number" if is_number else "", cell.style) if part)
    return element(name, cell.text, **({"class": styles} if styles else {}))


def packed(ident: str, document: Any) -> Html:
    """Data for the page's program: JSON, gzipped, in base64, in which nothing can end the element that it stands in.

    The same document gives the same text.
    """
    content = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    encoded = base64.b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()
    return Html(f'<script type="text/plain" id="{escape(ident)}">{encoded}</script>')


def unpacked(encoded: str) -> Any:
    """The document that `packed` wrote."""
    return json.loads(gzip.decompress(base64.b64decode(encoded)))
