"""The page on BitMart's face of the sandbox: endpoints, quirks, faults, refusals, control route."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generating.faces import control, faults_of, quirks_of
from docs.generating.markdown import code, codes, page, table

from mtf_adapters.sandbox.faces.bitmart.codes import REFUSALS
from mtf_adapters.sandbox.faces.bitmart.endpoints import ENDPOINTS, Endpoint
from mtf_adapters.sandbox.faces.bitmart.quirks import DRAWN
from mtf_adapters.sandbox.faces.bitmart.script import Script
from mtf_adapters.sandbox.faces.bitmart.topics import BOOKS, KLINE_MINUTES, PACES_MS, PREFIX, Channel, Topic

_INTRODUCTION = """
`mtf sandbox serve` puts an exchange behind BitMart's words for USDT-M futures. [How to trade on
it](../how-to/trade-on-the-sandbox.md). `--faults FILE` takes a map of the keys below, YAML or JSON; the control route
takes the same.
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


def bitmart_face_page() -> str:
    refusals = ((code(each), str(found.code), str(found.status), found.text) for each, found in REFUSALS.items())
    return page(
        "The sandbox's BitMart face",
        _INTRODUCTION,
        "## Endpoints",
        table(("call", "path", "needs", "limit"), _endpoints(ENDPOINTS.values())),
        "## Topics",
        table(("topic", "stream", "how often"), map(_topic, Channel)),
        f"Books may ask for a pace: {codes(PACES_MS)}. Bars: {codes(KLINE_MINUTES)}; there are fewer than by call.",
        *quirks_of(Script, DRAWN),
        *faults_of(Script, "`submit-order`"),
        "## What the engine refuses, and as which code",
        table(("refusal", "code", "HTTP", "words"), refusals),
        *control(),
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
