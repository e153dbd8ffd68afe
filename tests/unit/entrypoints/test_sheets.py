"""Tables on screens of any width: no cell that is shown is ever cut, and what is not shown is named."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mtf_entrypoints.cli.sheets import Sheet, folded_code

NUMBERS = ("entry\nzone", "stop", "size", "margin", "lev")
SHEET = Sheet(
    ("READY", "side", *NUMBERS, "meaning"),
    right=frozenset(NUMBERS),
    prose=frozenset({"meaning"}),
    optional=("margin", "lev"),
    rows=[
        (
            "EXBAUSDT",
            "long",
            "0.0000102873\n0.0000102800 to\n0.0000102905",
            "0.0000102358",
            "132",
            "32.20",
            "11x",
            "too many",
        ),
        (
            "币安人生USDT",
            "short",
            "12.105\n12.103 to\n12.121",
            "12.166",
            "4",
            "39.95",
            "4x",
            "as many as allowed",
        ),
    ],
)


def printed(sheet: Sheet, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, markup=False, highlight=False).print(sheet)
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_symbol_price_or_size_is_cut(width: int) -> None:
    text = printed(SHEET, width)
    for row in SHEET.rows:
        for name, cell in zip(SHEET.columns, row, strict=True):
            if name in ("margin", "lev") and "Too narrow for" in text:
                continue
            for part in str(cell).split():
                assert part in text.split(), (name, part)


def test_where_there_is_room_every_column_stands_beside_the_others() -> None:
    lines = printed(SHEET, 200).splitlines()
    assert any(all(word in line for word in ("EXBAUSDT", "0.0000102358", "132", "32.20", "11x")) for line in lines)
    assert "Too narrow" not in printed(SHEET, 200)


def test_the_columns_that_were_left_out_are_named_the_last_of_the_optional_first() -> None:
    widths = range(200, 60, -1)
    notes = [line for width in widths for line in printed(SHEET, width).splitlines() if "Too narrow" in line]
    assert list(dict.fromkeys(notes)) == [
        "Too narrow for: lev. A wider window or --json shows them.",
        "Too narrow for: margin, lev. A wider window or --json shows them.",
    ]


def test_what_does_not_fit_at_all_is_shown_value_by_value() -> None:
    lines = [line.rstrip() for line in printed(SHEET, 60).splitlines()]
    assert lines[0] == "EXBAUSDT"
    assert "  entry zone  0.0000102873 0.0000102800 to 0.0000102905" in lines
    assert "  size        132" in lines
    assert "  margin      32.20" in lines, "nothing is left out where there is a line for everything"


def test_headings_stand_over_their_rows_in_both_forms() -> None:
    sheet = Sheet(("condition", "side"))
    for heading in ("MACD", "RSI"):
        sheet.add_heading(heading)
        sheet.add_row(f"{heading.lower()}_ok", "both")
    for width in (12, 80):
        words = printed(sheet, width).split()
        assert [word for word in words if word.lower().startswith(("macd", "rsi"))] == [
            "MACD",
            "macd_ok",
            "RSI",
            "rsi_ok",
        ]


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells are needed, found 1"):
        Sheet(("a", "b")).add_row("x")


@given(code=st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=6).map("_".join))
def test_a_folded_code_is_the_code_in_lines_that_fit(code: str) -> None:
    lines = folded_code(code).split("\n")
    assert "".join(lines) == code
    assert all(len(line) <= 18 for line in lines)
