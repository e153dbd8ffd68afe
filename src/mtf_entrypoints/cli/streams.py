"""Stdout and stderr as they may be: closed, of any encoding, read by someone who stops early."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata

_PLAIN = "mtf-plain"
_SIGNS = {
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "·": "*",
    "→": "->",
    "←": "<-",
    "…": "...",
    "±": "+/-",
    "∓": "-/+",
    "─": "-",
    "│": "|",
    "━": "-",
    "╸": "-",
    "∞": "inf",
    "σ": "sigma",
    "Δ": "delta",
    "⚠": "!",
}


def prepare_streams() -> None:
    """Makes both streams usable: what was closed swallows, and a sign that the encoding lacks is written plainly."""
    codecs.register_error(_PLAIN, _plainly)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # for the process's life
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN)


def speaks_unicode() -> bool:
    """Whether stdout can show every sign."""
    return (sys.stdout.encoding or "ascii").lower().replace("_", "-").startswith("utf")


def silence_stdout() -> None:
    """After the reader has gone: without this, Python would complain once more at its own exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Signs by their plain spelling, letters without their accents, anything else by its number: nothing is lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    bare = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return bare or f"\\u{ord(sign):04x}"
