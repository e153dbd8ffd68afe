"""The page on OKX's face of the sandbox: endpoints, quirks, faults, refusals, control route."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generating.faces import control, faults_of, quirks_of
from docs.generating.markdown import code, codes, page, table

from mtf_adapters.sandbox.faces.okx.candles import BARS
from mtf_adapters.sandbox.faces.okx.codes import REFUSALS
from mtf_adapters.sandbox.faces.okx.endpoints import ENDPOINTS, Endpoint, TradeEndpoint
from mtf_adapters.sandbox.faces.okx.quirks import DRAWN
from mtf_adapters.sandbox.faces.okx.script import Script

_INTRODUCTION = """
`mtf sandbox serve --face okx` puts an exchange behind OKX's words (v5) for linear perpetuals. [How to trade on the
sandbox](../how-to/trade-on-the-sandbox.md). `--faults FILE` takes a map of the keys below, YAML or JSON; the control
route takes the same.
"""
_NAMES = """
A fault names an endpoint by the last part of its path. Where a path takes both methods, `order` is the POST and
`GET order` the GET.
"""
_NOT_IMITATED = """
- Refused: attached stops for parts of an order (split take-profits), attached trailing stops, triggers as a ratio.
- `callbackSpread` of trailing orders, `chase`, `twap` and `iceberg`: refused.
- A stop or target cannot be added to an algo, or a level taken out of one, by an amendment.
- `market` is not held to the price band: it takes what the book offers.
- Bars of months. Index prices are the mark. The tag of cancel-all-after is refused: its timer is the account's.
- A fee and a profit of one execution are two bills, not one.
- One coin: money of every contract is shown as USDT.
- Orders by stream, spot, margin, options, sub-accounts.
"""


def okx_face_page() -> str:
    refusals = ((code(each), found.code, str(found.status), found.text) for each, found in REFUSALS.items())
    return page(
        "The sandbox's OKX face",
        _INTRODUCTION,
        "## Endpoints",
        table(("call", "path", "needs", "limit"), _endpoints(ENDPOINTS.values())),
        f"Bars: {codes(BARS)}.",
        *quirks_of(Script, DRAWN),
        *faults_of(Script, "`cancel-order`"),
        _NAMES,
        "## What the engine refuses, and as which code",
        table(("refusal", "code", "HTTP", "words"), refusals),
        *control(),
        f"## What is not imitated\n{_NOT_IMITATED}",
    )


def _endpoints(endpoints: Iterable[Endpoint | TradeEndpoint]) -> Iterable[tuple[str, str, str, str]]:
    for each in endpoints:
        limit = f"{each.limit.requests} / {each.limit.window_s:g} s per {each.limit.per}" if each.limit else "not known"
        yield each.method, code(each.path), "signature" if each.is_signed else "nothing", limit
