"""Candles: the newest first, the running one included, pages by times that are left out themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.bars import Bar, bar_open, closed_bars
from mtf_adapters.sandbox.faces.numbers import price_text, text
from mtf_adapters.sandbox.faces.okx.codes import bad
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_core.market import MINUTE_MS, Contract
from mtf_core.ports import ExchangeError

USUAL_ROWS, MOST_ROWS, MOST_MARK_ROWS = 100, 300, 100
REACHES_BARS = 1440
"""How far back `candles` goes; what is older is in `history-candles`."""
_EAST_MIN = 8 * 60
"""Bars of six hours and more open by UTC+8, unless their name says `utc`."""


@frozen
class BarKind:
    minutes: int
    shift_min: int = 0

    def open_of(self, instant_ms: int) -> int:
        return bar_open(self.minutes, instant_ms, self.shift_min)

    @property
    def ms(self) -> int:
        return self.minutes * MINUTE_MS


_SHORT = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240}
_LONG = {"6H": 360, "12H": 720, "1D": 1440, "2D": 2880, "3D": 4320, "1W": 10_080}
BARS: Mapping[str, BarKind] = {
    **{name: BarKind(minutes) for name, minutes in _SHORT.items()},
    **{name: BarKind(minutes, _EAST_MIN) for name, minutes in _LONG.items()},
    **{f"{name}utc": BarKind(minutes) for name, minutes in _LONG.items()},
}
"""By their names; months are not served here."""


def candles(desk: Desk) -> Sequence[Sequence[str]]:
    return [candle_row(bar, contract, closed) for bar, contract, closed in _shown(desk, MOST_ROWS, REACHES_BARS)]


def history_candles(desk: Desk) -> Sequence[Sequence[str]]:
    """Closed ones only, however old."""
    shown = _shown(desk, desk.quirks.history_candles_most, None)
    return [candle_row(bar, contract, closed) for bar, contract, closed in shown]


def mark_price_candles(desk: Desk) -> Sequence[Sequence[str]]:
    """Those of last prices, from which the mark differs by two basis points at most."""
    rows = [candle_row(bar, contract, closed) for bar, contract, closed in _shown(desk, MOST_MARK_ROWS, REACHES_BARS)]
    return [[*row[:5], row[-1]] for row in rows]


def candle_row(bar: Bar, contract: Contract, closed: bool) -> Sequence[str]:
    tick = contract.tick_size
    base = Decimal(int(bar.volume)) * contract.contract_size
    return [
        str(bar.open_ms),
        price_text(bar.open, tick),
        price_text(bar.high, tick),
        price_text(bar.low, tick),
        price_text(bar.close, tick),
        str(int(bar.volume)),
        text(base),
        text(base * Decimal(price_text(bar.close, tick))),
        "1" if closed else "0",
    ]


def running_bar(desk: Desk, symbol: str, kind: BarKind) -> Bar | None:
    """The bar that is forming now, where the market shows one."""
    try:
        return desk.forming.bar(symbol, kind.minutes, desk.now_ms, kind.shift_min)
    except ExchangeError:
        return None


def _shown(desk: Desk, most: int, reaches: int | None) -> Sequence[tuple[Bar, Contract, bool]]:
    """Bars of the asked page, the newest first, with whether each is closed; `reaches` None: no running one, and back
    to the beginning."""
    said = desk.said
    contract = desk.named_contract()
    kind = said.choice("bar", BARS) or BARS["1m"]
    rows = min(_positive(desk, "limit") or USUAL_ROWS, most)
    older, newer = said.whole("after"), said.whole("before")
    inside = 0 if desk.quirks.candle_ends_included else 1
    now_ms = desk.now_ms
    running = kind.open_of(now_ms)
    last = running if reaches is not None else running - kind.ms
    newest = last if older is None else min(last, kind.open_of(older - inside))
    oldest = newest - rows * kind.ms  # one more than asked for: the running bar may not be shown
    if newer is not None:
        oldest = max(oldest, kind.open_of(newer + inside + kind.ms - 1))
    if reaches is not None:
        oldest = max(oldest, running - (reaches - 1) * kind.ms)
    if newest < 0 or oldest > newest:
        return []
    oldest = max(oldest, 0)
    market = desk.world.market
    closed = closed_bars(market, contract.symbol, kind.minutes, oldest, newest, now_ms, kind.shift_min)
    found = [(bar, contract, True) for bar in reversed(closed)]
    forming = running_bar(desk, contract.symbol, kind) if newest == running else None
    return [(forming, contract, False), *found][:rows] if forming is not None else found[:rows]


def _positive(desk: Desk, name: str) -> int | None:
    found = desk.said.whole(name)
    if found is not None and found < 1:
        raise bad(name)
    return found
