"""What a free text of a request may hold, asked in one place wherever one comes in: names, reasons, who asks."""

from __future__ import annotations

import re

_NUL = r"\u0000"
"""PostgreSQL keeps no text that holds it."""

BLANKS = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `str.strip` takes off, as a class of a regular expression has it.

Named one by one: `\\s` is not the same in Python and in the schemas of JSON.
"""

TEXT_PATTERN = f"^[^{_NUL}]*[^{_NUL}{BLANKS}][^{_NUL}]*$"
"""A regular expression in the words that Python and the schemas of JSON share: a text that says something."""

_TEXT = re.compile(TEXT_PATTERN)
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")


def is_text(value: object) -> bool:
    """Whether a value is a text that says something and that every store can keep.

    JSON can write half a character (`"\\\\ud800"`), which no store takes; a schema has no words for it.
    """
    return isinstance(value, str) and _TEXT.search(value) is not None and _HALF_A_CHARACTER.search(value) is None
