"""What the pages on the sandbox's faces have in common: quirks, faults, the control route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from docs.generating.markdown import code, codes, table
from docs.generating.settings import rows_of

from mtf_adapters.sandbox.faces.control import COMMANDS, ROUTES
from mtf_adapters.sandbox.faults import ARRIVES_NOT, MEANINGS, STREAM_MEANINGS

_QUIRKS = """
Facts of the venue's wire that are not confirmed, or that differ between sources, are switches. A client that is built
on the wire has to work under every value. `quirks_seed` draws those with values under *drawn from*.
"""
_FAULTS = """
A fault strikes calls of an endpoint ({example}), of all `reads` or `writes`, or all (`*`); those numbered under
`calls`, with a probability, at most so many `times`. The first that strikes counts. *Acts* means that the exchange
carries out the call, whatever its caller is told.
"""
_CONTROL = """
Not part of any venue; answers on loopback only. `account` in a query chooses an account; without it the only one is
meant. `commands` takes an engine's command or market event by its name under `type`, with its fields; numbers are text.
"""
_HEAD = ("key", "type", "unit", "allowed", "default", "effect")


def quirks_of(script: type, drawn: Mapping[str, tuple[Any, ...]]) -> Iterable[str]:
    rows = [(*row, _drawn(row[0], drawn)) for row in rows_of(script) if row[0].startswith("`quirks.")]
    return (f"## Quirks\n{_QUIRKS}", table((*_HEAD, "drawn from"), rows))


def faults_of(script: type, example: str) -> Iterable[str]:
    rows = [row for row in rows_of(script) if not row[0].startswith("`quirks.")]
    kinds = ((code(kind), "never arrives" if kind in ARRIVES_NOT else "", text) for kind, text in MEANINGS.items())
    streams = ((code(kind), text) for kind, text in STREAM_MEANINGS.items())
    return (
        f"## Faults\n{_FAULTS.format(example=example)}",
        table(_HEAD, rows),
        "### Kinds of faults of calls",
        table(("kind", "the call", "what happens"), kinds),
        "### Kinds of faults of stream messages",
        table(("kind", "the message"), streams),
    )


def control() -> Iterable[str]:
    routes = ((method, code(f"/control/{name}"), what) for method, name, what in ROUTES)
    return (
        f"## Control route\n{_CONTROL}",
        table(("method", "path", "what"), routes),
        f"Commands and events: {codes(sorted(COMMANDS))}.",
    )


def _drawn(key: str, drawn: Mapping[str, tuple[Any, ...]]) -> str:
    values = drawn.get(key.strip("`").removeprefix("quirks."), ())
    return codes(
        "none" if value is None else str(value).lower() if isinstance(value, bool) else value for value in values
    )
