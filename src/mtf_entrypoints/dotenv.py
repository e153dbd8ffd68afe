"""The `.env` file: `NAME=value` lines, read without any library."""

from __future__ import annotations

import re
from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
_COMMENT = re.compile(r"\s+#.*$")


class DotenvError(ValueError):
    """The file cannot be read; the message names the file and the line, never a value."""


def read_dotenv(path: Path) -> dict[str, str]:
    """The names and values of a file; empty if there is no such file. Raises `DotenvError`.

    A value may stand in single or double quotes; without quotes ` #` begins a comment.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DotenvError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise DotenvError(f"{path}:{number}: expected NAME=value")
        found[match["name"]] = _unquoted(match["value"], f"{path}:{number}")
    return found


def _unquoted(value: str, place: str) -> str:
    quote = value[:1]
    if quote not in ("'", '"'):
        return _COMMENT.sub("", value) if not value.startswith("#") else ""
    end = value.find(quote, 1)
    rest = value[end + 1 :].strip()
    if end < 0 or (rest and not rest.startswith("#")):
        raise DotenvError(f"{place}: the value's quote does not end with the value")
    return value[1:end]
