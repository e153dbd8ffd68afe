"""The page on BitMart's face of the sandbox: endpoints, quirks, faults, refusals, control route."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generating.markdown import code, codes, page, table
from docs.generating.settings import rows_of

from mtf_adapters.sandbox.faces.bitmart.codes import REFUSALS
from mtf_adapters.sandbox.faces.bitmart.endpoints import ENDPOINTS, Endpoint
from mtf_adapters.sandbox.faces.bitmart.quirks import DRAWN
from mtf_adapters.sandbox.faces.bitmart.script import Script
from mtf_adapters.sandbox.faces.bitmart.topics import BOOKS, KLINE_MINUTES, PACES_MS, PREFIX, Channel, Topic
from mtf_adapters.sandbox.faces.control import COMMANDS, ROUTES
from mtf_adapters.sandbox.faults import ARRIVES_NOT, MEANINGS, STREAM_MEANINGS

_INTRODUCTION = """
`mtf sandbox serve` puts an exchange behind BitMart's words for USDT-M futures. [How to trade on
it](../how-to/trade-on-the-sandbox.md). `--faults FILE` takes a map of the keys below, YAML or JSON; the control route
takes the same.
"""
_QUIRKS = """
Facts of the venue's wire that are not confirmed, or that differ between sources, are switches. A client that is built
on the wire has to work under every value. `quirks_seed` draws those with values under *drawn from*.
"""
_FAULTS = """
A fault strikes calls of an endpoint (`submit-order`), of all `reads` or `writes`, or all (`*`); those numbered under
`calls`, with a probability, at most so many `times`. The first that strikes counts. *Acts* means that the exchange
carries out the call, whatever its caller is told.
"""
_CONTROL = """
Not part of any venue; answers on loopback only. `account` in a query chooses an account; without it the only one is
meant. `commands` takes an engine's command or market event by its name under `type`, with its fields; numbers are text.
"""


_NOT_IMITATED = """
- The content network's own limits, its checks of `User-Agent`, and 500 connections an address.
- Compressed (binary) frames; `permessage-deflate` is agreed on as usual.
- Index prices (they are the mark), open interest (a fifth of a day's turnover), and the market's own trades (one a
  second, of a size that nobody trades on); depth has as many levels as the engine's book.
- `modify-plan-order` cannot turn a limit plan into a market one.
- Coin-margined contracts, sub-accounts, affiliates, spot and borrowing: their lists are empty or their paths unknown.
- Whether stream messages come before the answer of the call that caused them: they leave when it acts.
"""


def face_page() -> str:
    head = ("key", "type", "unit", "allowed", "default", "effect")
    rows = [row for row in rows_of(Script) if not row[0].startswith("`quirks.")]
    quirks = [(*row, _drawn(row[0])) for row in rows_of(Script) if row[0].startswith("`quirks.")]
    kinds = ((code(kind), "refused" if kind in ARRIVES_NOT else "acts", text) for kind, text in MEANINGS.items())
    streams = ((code(kind), text) for kind, text in STREAM_MEANINGS.items())
    refusals = ((code(each), str(found.code), str(found.status), found.text) for each, found in REFUSALS.items())
    return page(
        "The sandbox's BitMart face",
        _INTRODUCTION,
        "## Endpoints",
        table(("call", "path", "needs", "limit"), _endpoints(ENDPOINTS.values())),
        "## Topics",
        table(("topic", "stream", "how often"), map(_topic, Channel)),
        f"Books may ask for a pace: {codes(PACES_MS)}. Bars: {codes(KLINE_MINUTES)}; there are fewer than by call.",
        f"## Quirks\n{_QUIRKS}",
        table((*head, "drawn from"), quirks),
        f"## Faults\n{_FAULTS}",
        table(head, rows),
        "### Kinds of faults of calls",
        table(
            ("kind", "the call", "what happens"), ((a, "" if b == "acts" else "never arrives", c) for a, b, c in kinds)
        ),
        "### Kinds of faults of stream messages",
        table(("kind", "the message"), streams),
        "## What the engine refuses, and as which code",
        table(("refusal", "code", "HTTP", "words"), refusals),
        f"## Control route\n{_CONTROL}",
        table(("method", "path", "what"), ((method, code(f"/control/{name}"), what) for method, name, what in ROUTES)),
        f"Commands and events: {codes(sorted(COMMANDS))}.",
        f"## What is not imitated\n{_NOT_IMITATED}",
    )


def _endpoints(endpoints: Iterable[Endpoint]) -> Iterable[tuple[str, str, str, str]]:
    for each in endpoints:
        limit = f"{each.limit.requests} / {each.limit.window_s} s per {each.limit.per}" if each.limit else "not known"
        yield each.method, code(each.path), {"none": "nothing", "keyed": "key", "signed": "signature"}[each.auth], limit


def _topic(channel: Channel) -> tuple[str, str, str]:
    levels = "5|20|50" if channel in BOOKS else "1m|…" if channel in (Channel.KLINE, Channel.MARK_KLINE) else ""
    where = ":USDT" if channel is Channel.ASSET else "" if channel in (Channel.POSITION, Channel.ORDER) else ":SYMBOL"
    period = "on change" if channel.is_private else f"{Topic('', channel, None).period_ms} ms"
    period += " and every 10 s" if channel is Channel.POSITION else ""
    return code(f"{PREFIX}{channel}{levels}{where}"), "private" if channel.is_private else "public", period


def _drawn(key: str) -> str:
    values = DRAWN.get(key.strip("`").removeprefix("quirks."), ())
    return codes(
        "none" if value is None else str(value).lower() if isinstance(value, bool) else value for value in values
    )
