"""What came of one intent in money: sizes, prices, costs, R, and how far the price went for and against it.

Reckoned from the exchange's executions and money rows alone. What was executed is ours only up to our own size: on a
symbol that someone else trades as well, the rest is theirs. Sizes are contracts, prices and money quote currency, times
milliseconds of the exchange's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal, localcontext

from attrs import evolve, fields, frozen

from mtf_core.market import CashFlow, Fill, FlowKind, Side, Timeframe
from mtf_core.orders.intent import ExitReason, Intent
from mtf_core.planning.exact import PLAN_CONTEXT

_ZERO = Decimal(0)
_KEPT = Context(prec=34, traps=[])
"""Digits that money keeps: sums of executions are exact within them, only a share of one may be longer."""
_AVERAGE_STEP = Decimal("1e-12")
_RATIO_STEP = Decimal("0.000001")
_LEFT_AT_A_LEVEL = {ExitReason.STOP, ExitReason.BREAK_EVEN, ExitReason.TARGET}


class UnreadableTradeError(ValueError):
    """The details of a closed event hold no trade; the message says what is missing or wrong."""


@frozen
class Booking:
    """A close made elsewhere, as the operator tells it. No execution is made of it."""

    price: Decimal
    size: Decimal
    profit_usdt: Decimal
    """Before fees."""
    fees_usdt: Decimal
    reason: str


@frozen(kw_only=True)
class Trade:
    """One intent that is over. Costs are positive when they were paid: net = gross - fees - funding."""

    decision_key: str
    symbol: str
    side: Side
    profile: str
    run_id: str
    execution_timeframe: Timeframe
    contract_size: Decimal
    planned_size: Decimal
    size: Decimal
    """What was opened."""
    closed_size: Decimal
    """Of it; less than `size` only where the operator booked the rest, or said that it is gone."""
    planned_entry: Decimal
    planned_stop: Decimal
    """The first stop."""
    entry_price: Decimal | None
    """The average; None: executions show nothing that was opened."""
    exit_price: Decimal | None
    gross_usdt: Decimal
    fees_usdt: Decimal
    """Of the executions, and what the exchange kept at a liquidation. Below zero: more rebates than costs."""
    funding_usdt: Decimal
    """Below zero: it was received."""
    net_usdt: Decimal
    entry_slippage: Decimal | None
    """How much worse than planned, per base unit; below zero: better."""
    entry_slippage_usdt: Decimal | None
    exit_slippage: Decimal | None
    """Against the stop or target that each execution was nearest to; None where the position was not left at one."""
    exit_slippage_usdt: Decimal | None
    r_gross: Decimal | None
    """Gross profit in R gross: |planned entry - first stop| for what was filled."""
    r_net: Decimal | None
    """Net profit in R net: 1 R gross and the planned fees of entry and stop for what was filled."""
    mfe_price: Decimal | None
    """How far the mark price went for the position from its average entry; never below zero. None: not seen."""
    mfe_percent: Decimal | None
    mfe_r: Decimal | None
    mae_price: Decimal | None
    """How far it went against it; never above zero."""
    mae_percent: Decimal | None
    mae_r: Decimal | None
    opened_ms: int | None
    """The first execution that opened."""
    closed_ms: int
    """The last one that closed, or, where none is known, the read that showed the position gone."""
    holding_ms: int | None
    exit_reason: ExitReason | None
    booked_by_hand: bool = False
    note: str = ""
    """Why the operator booked it."""

    def details(self) -> Mapping[str, str]:
        """Everything as exact text, by the names above; what is not known is left out."""
        values = ((name, getattr(self, name)) for name in _NAMES)
        return {name: _text(value) for name, value in values if value is not None}

    @classmethod
    def from_details(cls, details: Mapping[str, str]) -> Trade:
        """The trade that `details` tells, by this or an earlier version; raises `UnreadableTradeError`.

        Names that this version does not know are passed over, and those that may be unknown may be missing.
        """
        values: dict[str, object] = {}
        for one in fields(cls):
            if one.name in details:
                values[one.name] = _value(one.name, str(one.type), details[one.name])
            elif str(one.type).endswith("| None"):
                values[one.name] = None
            elif one.name not in _OPTIONAL:
                raise UnreadableTradeError(f"{one.name} is missing")
        return cls(**values)  # type: ignore[arg-type]


_NAMES = tuple(one.name for one in fields(Trade))
_OPTIONAL = {"booked_by_hand", "note"}


def trade_of(intent: Intent, fills: Iterable[Fill], flows: Iterable[CashFlow], closed_ms: int) -> Trade:
    """The trade of an intent that is over, from the symbol's executions and money rows since it was committed.

    Never raises. `closed_ms`: when the position was read to be gone. The gross profit is what the exchange booked;
    where somebody else held a part of the position, it is reckoned from the prices of our share.
    """
    with localcontext(PLAN_CONTEXT):
        return _trade_of(intent, _own(intent, fills), flows, closed_ms)


def trade_booked_by_hand(
    intent: Intent, fills: Iterable[Fill], flows: Iterable[CashFlow], booking: Booking, closed_ms: int
) -> Trade:
    """The same, with a close that no execution shows. What the operator tells is added, and marked as told."""
    with localcontext(PLAN_CONTEXT):
        own = _own(intent, fills)
        trade = _trade_of(intent, own, flows, closed_ms)
        size, closed = trade.size or booking.size, trade.closed_size + booking.size
        value = _value_of(own.closing) + booking.price * booking.size
        gross = trade.gross_usdt + booking.profit_usdt
        fees = trade.fees_usdt + booking.fees_usdt
        told = evolve(
            trade,
            size=size,
            closed_size=closed,
            exit_price=_quotient(value, closed),
            gross_usdt=_kept(gross),
            fees_usdt=_kept(fees),
            net_usdt=_kept(gross - fees - trade.funding_usdt),
            closed_ms=closed_ms,
            holding_ms=None if trade.opened_ms is None else max(0, closed_ms - trade.opened_ms),
            booked_by_hand=True,
            note=booking.reason,
        )
        return _with_r(intent, told)


def own_executions(intent: Intent, fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """The executions of which at least a part is the intent's, in time's order."""
    own = _own(intent, fills)
    return tuple(sorted((part.fill for part in (*own.opening, *own.closing)), key=_place))


@frozen
class _Part:
    """So much of one execution is ours."""

    fill: Fill
    size: Decimal

    @property
    def share(self) -> Decimal:
        return self.size / self.fill.size if self.size != self.fill.size else Decimal(1)


@frozen
class _Own:
    """Our parts of a symbol's executions, in their order, and whether anybody else took part."""

    opening: tuple[_Part, ...]
    closing: tuple[_Part, ...]
    side_fills: tuple[Fill, ...]
    """All that is known of the position's side, since our first one."""
    is_shared: bool


def _own(intent: Intent, fills: Iterable[Fill]) -> _Own:
    """Ours are the executions of our entries, and what closed after them: in time's order, up to what we held."""
    once = {fill.fill_id: fill for fill in fills if fill.symbol == intent.symbol and fill.side is intent.side}
    ordered = sorted(once.values(), key=_place)
    entries, ids = intent.order_ids(), intent.client_order_ids()
    opening: list[_Part] = []
    closing: list[_Part] = []
    seen: list[Fill] = []
    held, is_shared = _ZERO, False
    for fill in ordered:
        is_ours = fill.opens and (fill.order_id in entries or fill.client_order_id in ids)
        if not opening and not is_ours:
            continue  # what was there before us
        seen.append(fill)
        if is_ours:
            opening.append(_Part(fill, fill.size))
            held += fill.size
            continue
        part = _ZERO if fill.opens else min(held, fill.size)
        is_shared = is_shared or part != fill.size
        if part:
            closing.append(_Part(fill, part))
            held -= part
    return _Own(tuple(opening), tuple(closing), tuple(seen), is_shared)


def _place(fill: Fill) -> tuple[int, bool, str]:
    """Executions in their order; what opened at the same instant comes first."""
    return fill.time_ms, not fill.opens, fill.fill_id


def _trade_of(intent: Intent, own: _Own, flows: Iterable[CashFlow], closed_ms: int) -> Trade:
    size, closed = _size_of(own.opening), _size_of(own.closing)
    opened_ms = own.opening[0].fill.time_ms if own.opening else None
    ended_ms = own.closing[-1].fill.time_ms if own.closing else closed_ms
    mine = [] if opened_ms is None else [flow for flow in flows if _is_of(flow, intent.symbol, opened_ms, closed_ms)]
    gross = _gross(intent, own)
    fees = sum((part.fill.fee * part.share for part in (*own.opening, *own.closing)), _ZERO)
    fees += _paid(own, mine, FlowKind.LIQUIDATION)
    funding = _paid(own, mine, FlowKind.FUNDING)
    entry_slippage, exit_slippage = _entry_slippage(intent, own.opening), _exit_slippage(intent, own.closing)
    best, worst = _excursions(intent, own.opening)
    trade = Trade(
        decision_key=intent.decision_key,
        symbol=intent.symbol,
        side=intent.side,
        profile=intent.terms.profile,
        run_id=intent.terms.run_id,
        execution_timeframe=intent.terms.execution_timeframe,
        contract_size=intent.terms.contract_size,
        planned_size=intent.wanted.size,
        size=size,
        closed_size=closed,
        planned_entry=intent.terms.planned_entry,
        planned_stop=intent.wanted.stop.price,
        entry_price=_quotient(_value_of(own.opening), size),
        exit_price=_quotient(_value_of(own.closing), closed),
        gross_usdt=_kept(gross),
        fees_usdt=_kept(fees),
        funding_usdt=_kept(funding),
        net_usdt=_kept(gross - fees - funding),
        entry_slippage=entry_slippage.price,
        entry_slippage_usdt=entry_slippage.usdt,
        exit_slippage=exit_slippage.price,
        exit_slippage_usdt=exit_slippage.usdt,
        r_gross=None,
        r_net=None,
        mfe_price=best.price,
        mfe_percent=best.percent,
        mfe_r=best.r,
        mae_price=worst.price,
        mae_percent=worst.percent,
        mae_r=worst.r,
        opened_ms=opened_ms,
        closed_ms=ended_ms,
        holding_ms=None if opened_ms is None else max(0, ended_ms - opened_ms),
        exit_reason=intent.progress.exit_reason,
    )
    return _with_r(intent, trade)


def _size_of(parts: Sequence[_Part]) -> Decimal:
    return sum((part.size for part in parts), _ZERO)


def _value_of(parts: Sequence[_Part]) -> Decimal:
    """Σ price · contracts."""
    return sum((part.fill.price * part.size for part in parts), _ZERO)


def _gross(intent: Intent, own: _Own) -> Decimal:
    """What the exchange booked; with others in the same position its average entry is theirs as well as ours."""
    if not own.is_shared:
        return sum((part.fill.realised_profit for part in own.closing), _ZERO)
    size, closed = _size_of(own.opening), _size_of(own.closing)
    cost = _value_of(own.opening) if closed == size else _value_of(own.opening) * closed / size
    return (_value_of(own.closing) - cost) * intent.terms.contract_size * intent.side.sign


def _is_of(flow: CashFlow, symbol: str, first_ms: int, last_ms: int) -> bool:
    return flow.symbol == symbol and first_ms <= flow.time_ms <= last_ms


def _paid(own: _Own, flows: Iterable[CashFlow], kind: FlowKind) -> Decimal:
    """What rows of one kind cost us: each once, and of a position that is shared our share at that time."""
    once = {flow.flow_id: flow for flow in flows if flow.kind is kind}
    return -sum((flow.amount * _share_at(own, flow.time_ms) for flow in once.values()), _ZERO)


def _share_at(own: _Own, at_ms: int) -> Decimal:
    # What was executed at the very instant of the row does not tell whether it came before it: it stays outside.
    ours = _held(own.opening, own.closing, at_ms)
    everyone = sum((fill.size if fill.opens else -fill.size for fill in own.side_fills if fill.time_ms < at_ms), _ZERO)
    return ours / everyone if everyone > ours else Decimal(1)


def _held(opening: Sequence[_Part], closing: Sequence[_Part], at_ms: int) -> Decimal:
    def before(parts: Sequence[_Part]) -> Decimal:
        return sum((part.size for part in parts if part.fill.time_ms < at_ms), _ZERO)

    return before(opening) - before(closing)


@frozen
class _Slippage:
    price: Decimal | None = None
    usdt: Decimal | None = None


def _entry_slippage(intent: Intent, opening: Sequence[_Part]) -> _Slippage:
    size = _size_of(opening)
    worse = (_value_of(opening) - intent.terms.planned_entry * size) * intent.side.sign
    return _slippage(worse, size, intent.terms.contract_size)


def _exit_slippage(intent: Intent, closing: Sequence[_Part]) -> _Slippage:
    """Which order an execution is of is not always told: it is measured against the level that it is nearest to."""
    if intent.progress.exit_reason not in _LEFT_AT_A_LEVEL:
        return _Slippage()
    targets = intent.targets
    levels = (intent.stop.price, *(target.price for target in targets))

    def worse(part: _Part) -> Decimal:
        nearest = min(levels, key=lambda level: abs(part.fill.price - level))
        return (nearest - part.fill.price) * part.size * intent.side.sign

    return _slippage(sum(map(worse, closing), _ZERO), _size_of(closing), intent.terms.contract_size)


def _slippage(worse: Decimal, size: Decimal, contract_size: Decimal) -> _Slippage:
    return _Slippage(_quotient(worse, size), _kept(worse * contract_size)) if size else _Slippage()


@frozen
class _Excursion:
    price: Decimal | None = None
    percent: Decimal | None = None
    r: Decimal | None = None


def _excursions(intent: Intent, opening: Sequence[_Part]) -> tuple[_Excursion, _Excursion]:
    """How far the mark went for the position, and how far against it, since the first fill."""
    size = _size_of(opening)
    entry = _value_of(opening) / size if size else None
    best, worst = intent.progress.best_mark, intent.progress.worst_mark
    if entry is None or best is None or worst is None:
        return _Excursion(), _Excursion()
    sign = intent.side.sign
    gained, lost = max(_ZERO, (best - entry) * sign), min(_ZERO, (worst - entry) * sign)
    return _excursion(intent, entry, gained), _excursion(intent, entry, lost)


def _excursion(intent: Intent, entry: Decimal, away: Decimal) -> _Excursion:
    one_r = abs(intent.terms.planned_entry - intent.wanted.stop.price)
    return _Excursion(
        away.quantize(_AVERAGE_STEP),
        _ratio(away * 100, entry),
        _ratio(away, one_r),
    )


def _with_r(intent: Intent, trade: Trade) -> Trade:
    terms = intent.terms
    one_gross = abs(trade.planned_entry - trade.planned_stop) * trade.size * trade.contract_size
    one_net = one_gross + terms.one_r_fees_usdt * trade.size / trade.planned_size
    return evolve(
        trade,
        r_gross=_ratio(trade.gross_usdt, one_gross),
        r_net=_ratio(trade.net_usdt, one_net),
    )


def _quotient(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    return (dividend / divisor).quantize(_AVERAGE_STEP) if divisor else None


def _ratio(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    return (dividend / divisor).quantize(_RATIO_STEP) if divisor else None


def _kept(value: Decimal) -> Decimal:
    return _KEPT.plus(value)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{PLAN_CONTEXT.normalize(value):f}" if value else "0"
    return str(value).lower() if isinstance(value, bool) else str(value)


_READ: Mapping[str, Callable[[str], object]] = {
    "str": str,
    "int": int,
    "bool": lambda text: {"true": True, "false": False}[text],
    "Decimal": Decimal,
    "Side": Side,
    "Timeframe": Timeframe,
    "ExitReason": ExitReason,
}


def _value(name: str, kind: str, text: str) -> object:
    try:
        value = _READ[kind.removesuffix(" | None")](text)
    except (ValueError, ArithmeticError, KeyError) as error:
        raise UnreadableTradeError(f"{name}: {text!r} is no {kind.removesuffix(' | None')}") from error
    if isinstance(value, Decimal) and not value.is_finite():
        raise UnreadableTradeError(f"{name}: {text!r} is no number")
    return value
