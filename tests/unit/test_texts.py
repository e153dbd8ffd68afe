"""Free texts of requests: one rule wherever one comes in."""

from __future__ import annotations

import re
import sys

import pytest

from mtf_core.texts import BLANKS, is_text


@pytest.mark.parametrize("text", ["a", " by hand ", "\nnews\n", "日本", "x" * 5000, "\ufeff"])
def test_what_says_something_is_a_text(text: str) -> None:
    assert is_text(text)


@pytest.mark.parametrize("value", ["", " ", "\t\x1c\u3000", "a\0", "\0a", "half \ud800", "\udfff", None, 5, b"a"])
def test_nothing_but_blanks_and_what_no_store_keeps_is_none(value: object) -> None:
    assert not is_text(value)


def test_blanks_are_what_python_strips() -> None:
    blank = re.compile(f"[{BLANKS}]")
    every = map(chr, range(sys.maxunicode + 1))
    assert [one for one in every if (blank.fullmatch(one) is not None) != one.isspace()] == []
