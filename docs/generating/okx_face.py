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
from mtf_adapters.sandbox.faces.okx.streams import LARGEST_FRAME, MOST_LISTENERS, MOST_OPERATIONS
from mtf_adapters.sandbox.faces.okx.topics import PERIODS_MS, PREFIX, REPEATED_MS, Channel

_INTRODUCTION = """
`mtf sandbox serve --face okx` puts an exchange behind OKX's words (v5) for linear perpetuals. [How to trade on the
sandbox](../how-to/trade-on-the-sandbox.md). `--faults FILE` takes a map of the keys below, YAML or JSON; the control
route takes the same.
"""
_NAMES = """
A fault names an endpoint by the last part of its path. Where a path takes both methods, `order` is the POST and
`GET order` the GET.
"""
_CHANNELS = f"""
Subscriptions to `{PREFIX}public`, `{PREFIX}business` and `{PREFIX}private`; what has not changed is not said again. The
bare text `ping` is answered by `pong`. A connection takes {MOST_OPERATIONS} requests an hour (60014) and frames of
{LARGEST_FRAME} bytes (1009); at most {MOST_LISTENERS} connections of an account listen to the same channel. A fault
names a channel by its beginning, and may name its contract or kind: `candle1m:BTC-USDT-SWAP`, `orders:SWAP`.
"""
_NOT_IMITATED = """
- Refused: attached stops for parts of an order (split take-profits), attached trailing stops, triggers as a ratio.
- `callbackSpread` of trailing orders, `chase`, `twap` and `iceberg`: refused.
- A stop or target cannot be added to an algo, or a level taken out of one, by an amendment.
- An amendment to a total size that is filled already cancels the rest; on OKX the order counts as filled then.
- Bars of months. Index prices are the mark. The tag of cancel-all-after is refused: its timer is the account's.
- A fee and a profit of one execution are two bills, not one.
- One coin: money of every contract is shown as USDT.
- Other channels: `trades`, `algo-advance`, `open-interest` and those of the index. How many connections begin in a
  second is not counted.
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
        f"## Channels\n{_CHANNELS}",
        table(("channel", "stream", "needs", "how often"), map(_channel, Channel)),
        *quirks_of(Script, DRAWN),
        *faults_of(Script, "`cancel-order`"),
        _NAMES,
        "## What the engine refuses, and as which code",
        table(("refusal", "code", "HTTP", "words"), refusals),
        *control(),
        f"## What is not imitated\n{_NOT_IMITATED}",
    )


def _channel(channel: Channel) -> tuple[str, str, str, str]:
    name = f"{channel}<bar>" if channel in {Channel.CANDLE, Channel.MARK_CANDLE} else channel
    if channel in {Channel.POSITIONS, Channel.ACCOUNT}:
        often = f"all at first and every {REPEATED_MS} ms, and on change"
    elif channel is Channel.BALANCE_AND_POSITION:
        often = "all at first, and on change"
    elif channel is Channel.FILLS:
        often = "refused: 64003"
    else:
        often = f"every {PERIODS_MS[channel]} ms at most" if channel in PERIODS_MS else "on change"
    return code(name), channel.stream, "a login" if channel.needs_login else "nothing", often


def _endpoints(endpoints: Iterable[Endpoint | TradeEndpoint]) -> Iterable[tuple[str, str, str, str]]:
    for each in endpoints:
        limit = f"{each.limit.requests} / {each.limit.window_s:g} s per {each.limit.per}" if each.limit else "not known"
        yield each.method, code(each.path), "signature" if each.is_signed else "nothing", limit
