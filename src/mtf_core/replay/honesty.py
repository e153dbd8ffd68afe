"""What stands above every figure: how few trades, how many tries, how much of the profit hangs on how little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.market import from_ms
from mtf_core.orders import Trade
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.figures import Figures
from mtf_core.replay.ledger import Ledger
from mtf_core.replay.sharpe import DeflatedSharpe, deflated
from mtf_core.replay.sums import FEWEST_TRADES, is_too_few
from mtf_core.words import counted

SURE = 0.95
"""A deflated Sharpe ratio below it does not exclude luck (Bailey and López de Prado ask for 95 %)."""
_ZERO = Decimal(0)


@frozen
class Trials:
    """How many configurations the trial ledger has seen on this data, this one included."""

    count: int = 1
    sharpe_variance: float | None = None
    """Of their daily Sharpe ratios, where they are known."""


@frozen
class Concentration:
    """The one that earned most, and its share of the whole net profit: above 1 where all others together lost."""

    name: str
    net_usdt: Decimal
    among: int
    """So many there are."""
    share: float | None
    """None where there is no profit that it could be a share of."""


@frozen
class Honesty:
    """What a reader has to know before believing a figure."""

    trades: int
    too_few: bool
    trials: int
    deflated_sharpe: DeflatedSharpe | None
    """None where daily returns tell no Sharpe ratio."""
    best_trade: Concentration | None
    best_symbol: Concentration | None
    best_week: Concentration | None
    """Weeks begin on Monday UTC, by the close of the trade."""
    liquidations: int
    guessed_contracts: tuple[str, ...]
    """Symbols whose contract is not known and was guessed."""
    remarks: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Each as one sentence, the gravest first; none: nothing here speaks against the figures."""
        return tuple(_warnings(self))


def honesty_of(ledger: Ledger, figures: Figures, trials: Trials) -> Honesty:
    told = [one.trade for one in ledger.trades]
    return Honesty(
        trades=len(told),
        too_few=is_too_few(len(told)),
        trials=trials.count,
        deflated_sharpe=None
        if figures.sharpe is None
        else deflated(figures.sharpe, trials.count, trials.sharpe_variance),
        best_trade=_best(told, lambda one: one.decision_key),
        best_symbol=_best(told, lambda one: one.symbol),
        best_week=_best(told, _week),
        liquidations=ledger.liquidations,
        guessed_contracts=tuple(sorted(one.symbol for one in ledger.markets if one.contract_is_guessed)),
        remarks=ledger.remarks,
    )


def _week(trade: Trade) -> str:
    """`2026-W05`, as ISO 8601 counts weeks."""
    year, week, _ = from_ms(trade.closed_ms).isocalendar()
    return f"{year}-W{week:02}"


def _best(trades: list[Trade], name: Callable[[Trade], str]) -> Concentration | None:
    with localcontext(PLAN_CONTEXT):
        sums: defaultdict[str, Decimal] = defaultdict(lambda: _ZERO)
        for one in trades:
            sums[name(one)] += one.net_usdt
        if not sums:
            return None
        whole = sum(sums.values(), _ZERO)
        best = min(sums, key=lambda key: (-sums[key], key))
        return Concentration(best, sums[best], len(sums), float(sums[best] / whole) if whole > 0 else None)


def _warnings(honesty: Honesty) -> Iterator[str]:
    if honesty.liquidations:
        yield (
            f"{counted(honesty.liquidations, 'position')} reached the liquidation price: a guard did not do its work, "
            "and no figure below should be believed"
        )
    if honesty.too_few:
        yield (
            f"too few trades: {honesty.trades}, and below {FEWEST_TRADES} no ratio says anything about the next trade"
        )
    if honesty.trials > 1:
        yield f"{honesty.trials} configurations were tried on this data: the best of many looks good by luck alone"
    luck = honesty.deflated_sharpe
    if luck is not None and luck.probability < SURE:
        yield (
            f"luck is not excluded: the deflated Sharpe ratio says {_whole(luck.probability)} that there is anything, "
            f"below {_whole(SURE)}"
        )
    for what, one in (("trade", honesty.best_trade), ("symbol", honesty.best_symbol), ("week", honesty.best_week)):
        if one is not None and one.share is not None and one.share > 0.5 and one.among > 1:
            yield f"the best {what} alone ({one.name}) made {_whole(one.share)} of the net profit"
    if honesty.guessed_contracts:
        names = ", ".join(honesty.guessed_contracts[:5]) + (" …" if len(honesty.guessed_contracts) > 5 else "")
        yield f"the contract (tick, size, fees) is guessed for {names}"


def _whole(fraction: float) -> str:
    return f"{100 * fraction:.0f} %"
