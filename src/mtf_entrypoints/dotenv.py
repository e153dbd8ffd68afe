"""The `.env` file, read by python-dotenv; what it would pass over in silence is refused."""

from __future__ import annotations

import io
import re
from pathlib import Path

from dotenv.parser import Original, parse_stream

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class DotenvError(ValueError):
    """The file cannot be used; the message names the file and the line, never a value."""


def read_dotenv(path: Path) -> dict[str, str]:
    """The names and values of a file; empty if there is no such file. Raises `DotenvError`.

    A value may stand in quotes; without them ` #` begins a comment. `$` has no meaning. A byte order mark is not part
    of the first name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DotenvError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        name, line = binding.key, _line_of(binding.original)
        if name is None and not binding.error:
            continue  # blank lines and comments
        if binding.error or name is None or binding.value is None or not _NAME.fullmatch(name):
            raise DotenvError(f"{path}:{line}: expected NAME=value, with quotes that end with the value")
        if name in values:
            raise DotenvError(f"{path}:{line}: {name} is set here and in line {lines[name]}; leave one of them")
        values[name], lines[name] = binding.value, line
    return values


def _line_of(original: Original) -> int:
    """The line of a statement; what python-dotenv calls its line may be a blank one before it."""
    blank = original.string[: len(original.string) - len(original.string.lstrip())]
    return int(original.line) + blank.count("\n")
