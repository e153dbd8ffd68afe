"""The command `mtf`: runs a command, and turns what went wrong into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from mtf_entrypoints.cli.app import app
from mtf_entrypoints.cli.exits import DONE, FAILED, INTERRUPTED

_DEBUG = "--debug"


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs a command line without the program's name; returns the exit code."""
    debug = _DEBUG in arguments
    line = [argument for argument in arguments if argument != _DEBUG]
    try:
        result = app(line, prog_name="mtf", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except typer.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough; without this, Python would complain once more at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if debug:
            raise
        # Only now: what knows the errors of all layers imports all layers.
        from mtf_entrypoints.cli.errors import explained  # noqa: PLC0415

        code, text = explained(error)
        _say(text)
        return code


def _say(text: str) -> None:
    lines = text.splitlines() or [""]
    sys.stderr.write("".join(f"mtf: {line}\n" for line in lines))


if __name__ == "__main__":
    main()
