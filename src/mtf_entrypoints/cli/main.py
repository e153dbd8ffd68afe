"""The command `mtf`: runs a command, and turns what went wrong into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mtf_entrypoints.cli.actions import version
from mtf_entrypoints.cli.exits import DONE, FAILED, INTERRUPTED, READER_GONE
from mtf_entrypoints.cli.streams import prepare_streams, silence_stdout

_DEBUG = "--debug"


def main() -> None:
    """The entry point of the installed command."""
    code = run(sys.argv[1:])
    if "temporalio" in sys.modules:
        # Threads of its core may still speak with the interpreter while that ends, which ends in a crash.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs a command line without the program's name; returns the exit code."""
    prepare_streams()
    debug = _DEBUG in arguments
    line = [argument for argument in arguments if argument != _DEBUG]
    try:
        code = _performed(line)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # Click turns a closed pipe into an exit of its own
        silence_stdout()
        return READER_GONE
    except Exception as error:
        # Only now: what knows the errors of all layers imports all layers.
        from mtf_entrypoints.cli.errors import explained, traced  # noqa: PLC0415

        if debug:
            sys.stderr.write(traced(error, arguments))
            return FAILED
        code, text = explained(error, arguments)
        _say(text)
        return code


def _performed(line: list[str]) -> int:
    if line in (["version"], ["version", "--json"]):  # the answer is there long before the tree of commands is
        version.perform("--json" in line)
        return DONE
    from mtf_entrypoints.cli.app import perform  # noqa: PLC0415

    return perform(line)


def _say(text: str) -> None:
    """Each complaint under the program's name; a whole help text, which Typer hands over likewise, as it is."""
    if text.startswith("Usage:"):
        sys.stderr.write(text.rstrip() + "\n")
        return
    lines = text.splitlines() or [""]
    sys.stderr.write("".join(f"mtf: {line}\n" for line in lines))


if __name__ == "__main__":
    main()
