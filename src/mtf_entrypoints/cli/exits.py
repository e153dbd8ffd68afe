"""Exit codes, and the error of a command that ends with one of them."""

from __future__ import annotations

DONE, FAILED, WRONG_USAGE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
READER_GONE = 141
"""Whoever read the output (`| head`) stopped reading: the customary 128 + SIGPIPE."""


class CommandError(Exception):
    """A command cannot do what it was asked; the text says why and what to do."""

    def __init__(self, text: str, exit_code: int = WRONG_USAGE) -> None:
        self.exit_code = exit_code
        super().__init__(text)
