"""What a symbol's name may look like, asked in one place wherever a name comes in.

Venues list more than A to Z and digits: Chinese names (币安人生USDT), dates (BTCUSDT-27JUN25, BTCUSDT_250627). What is
not allowed has a meaning elsewhere: `:` in the keys of switches, `=` and `,` on command lines, `/` in addresses.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = "A-Z0-9\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
"""Capital letters and digits, Hiragana, Katakana, Chinese characters, Hangul: letters that have no second case."""

SYMBOL_PATTERN = f"[{_LETTERS}][{_LETTERS}_-]{{0,31}}"
"""A regular expression in the words that Python and the schemas of JSON share."""

ALLOWED_SYMBOLS = (
    "capital letters A to Z, Chinese, Japanese or Korean characters and digits, then - and _, too, like BTCUSDT, "
    "币安人生USDT or BTCUSDT-27JUN25; at most 32"
)

_SYMBOL = re.compile(SYMBOL_PATTERN)


def is_symbol(text: object) -> bool:
    """Whether a value is a symbol's name as exchanges write it."""
    return isinstance(text, str) and _SYMBOL.fullmatch(text) is not None


def meant_symbol(text: object) -> str | None:
    """The symbol that a name in small or wide letters, or with blanks around it, is meant to be; else None."""
    if not isinstance(text, str):
        return None
    meant = unicodedata.normalize("NFKC", text).strip().upper()
    return meant if meant != text and is_symbol(meant) else None


def symbol_problem(text: object) -> str | None:
    """Why a value is no symbol, with what is meant where that is clear; None for a symbol."""
    if is_symbol(text):
        return None
    meant = meant_symbol(text)
    return f"found {text!r}; " + (f"did you mean {meant}?" if meant else f"allowed are {ALLOWED_SYMBOLS}")
