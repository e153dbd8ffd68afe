"""What a plan costs: fees, half the spread, what is left of each target, and how often it has to win.

1 R gross is the way from the planned entry to the stop, for the whole size; 1 R net adds the fees of entry and stop.
The risk of the settings is no measure here: where budget or liquidation keep the size below it, a full stop would look
like a part of an R. Fees count in full, whether `risk.include_fees` makes them part of the risk or not. Every exit pays
as a taker. Half the spread is stated where the entry takes; it is part of the entry price already.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.planning.entry import Entry
from mtf_core.planning.outcome import PlanCosts, Skip, TakeProfit
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason


@frozen
class Trade:
    """The numbers of a trade that its costs follow from."""

    entry: Entry
    stop: Stop
    size: Decimal
    contract_size: Decimal

    def entry_fee(self, size: Decimal) -> Decimal:
        return size * self.contract_size * self.entry.price * self.entry.fees.entry

    def exit_fee(self, size: Decimal, price: Decimal) -> Decimal:
        return size * self.contract_size * price * self.entry.fees.exit

    def net_loss(self, size: Decimal) -> Decimal:
        """1 R net of a size: the way to the stop, and the fees of entry and stop."""
        way = size * self.contract_size * self.stop.distance
        return way + self.entry_fee(size) + self.exit_fee(size, self.stop.price)

    def target(self, price: Decimal, part: Decimal) -> TakeProfit:
        """A target that closes a part of the size; ratios carry 28 digits."""
        way = abs(price - self.entry.price)
        fee = self.exit_fee(part, price)
        net_gain = part * self.contract_size * way - self.entry_fee(part) - fee
        net_loss = self.net_loss(part)
        with localcontext(prec=28):
            return TakeProfit(
                price=price,
                size=part,
                share=part / self.size,
                r=way / self.stop.distance,
                fee_usdt=fee,
                net_gain_usdt=net_gain,
                net_r=net_gain / net_loss,
            )


def costs_of(request: PlanRequest, trade: Trade, targets: tuple[TakeProfit, ...], log: StepLog) -> PlanCosts | Skip:
    """The costs; a skip where what is left of the targets is less than `risk.min_net_r` asks."""
    book, net_loss = request.facts.book, trade.net_loss(trade.size)
    spread = (book.best_ask - book.best_bid) / 2 * trade.size * trade.contract_size if trade.entry.takes else Decimal(0)
    with localcontext(prec=28):
        net_r = sum((target.net_gain_usdt for target in targets), Decimal(0)) / net_loss
        costs = PlanCosts(
            entry_fee_usdt=trade.entry_fee(trade.size),
            stop_fee_usdt=trade.exit_fee(trade.size, trade.stop.price),
            half_spread_usdt=spread,
            net_loss_at_stop_usdt=net_loss,
            net_r=net_r,
            break_even_win_rate=1 / (1 + net_r),
        )
    _log_costs(request, trade, costs, targets, log)
    least = request.settings.risk.min_net_r
    if least > 0 and net_r < least:
        return log.skip(
            Reason.NET_REWARD_TOO_SMALL,
            net_r=net_r,
            min_net_r=least,
            break_even_win_rate=costs.break_even_win_rate,
            net_loss_at_stop_usdt=net_loss,
            entry_fee_usdt=costs.entry_fee_usdt,
        )
    return costs


def _log_costs(
    request: PlanRequest, trade: Trade, costs: PlanCosts, targets: tuple[TakeProfit, ...], log: StepLog
) -> None:
    entry, stop, size, contract_size = trade.entry, trade.stop, trade.size, trade.contract_size
    log.add(
        "entry_fee_usdt",
        "size · contract_size · entry · entry_fee",
        costs.entry_fee_usdt,
        "USDT",
        size=size,
        contract_size=contract_size,
        entry=entry.price,
        entry_fee=entry.fees.entry,
    )
    log.add(
        "stop_fee_usdt",
        "size · contract_size · stop · exit_fee",
        costs.stop_fee_usdt,
        "USDT",
        size=size,
        contract_size=contract_size,
        stop=stop.price,
        exit_fee=entry.fees.exit,
    )
    if entry.takes:
        log.add(
            "half_spread_usdt",
            "(best_ask − best_bid) / 2 · size · contract_size",
            costs.half_spread_usdt,
            "USDT",
            best_ask=request.facts.book.best_ask,
            best_bid=request.facts.book.best_bid,
            size=size,
            contract_size=contract_size,
        )
    log.add(
        "net_loss_at_stop_usdt",
        "size · contract_size · stop_distance + entry_fee_usdt + stop_fee_usdt",
        costs.net_loss_at_stop_usdt,
        "USDT",
        size=size,
        contract_size=contract_size,
        stop_distance=stop.distance,
        entry_fee_usdt=costs.entry_fee_usdt,
        stop_fee_usdt=costs.stop_fee_usdt,
    )
    for number, target in enumerate(targets, start=1):
        _log_target(trade, target, number, log)
    gains = {f"net_gain_{number}_usdt": target.net_gain_usdt for number, target in enumerate(targets, start=1)}
    log.add(
        "net_r",
        f"({' + '.join(gains)}) / net_loss_at_stop_usdt",
        costs.net_r,
        "R",
        **gains,
        net_loss_at_stop_usdt=costs.net_loss_at_stop_usdt,
        min_net_r=request.settings.risk.min_net_r,
    )
    log.add("break_even_win_rate", "1 / (1 + net_r)", costs.break_even_win_rate, "ratio", net_r=costs.net_r)


def _log_target(trade: Trade, target: TakeProfit, number: int, log: StepLog) -> None:
    log.add(
        f"net_gain_{number}_usdt",
        "size · contract_size · (abs(target − entry) − entry_fee · entry − exit_fee · target)",
        target.net_gain_usdt,
        "USDT",
        size=target.size,
        contract_size=trade.contract_size,
        target=target.price,
        entry=trade.entry.price,
        entry_fee=trade.entry.fees.entry,
        exit_fee=trade.entry.fees.exit,
    )
    log.add(
        f"net_r_{number}",
        "net_gain_usdt / (net_loss_at_stop_usdt · part / size)",
        target.net_r,
        "R",
        net_gain_usdt=target.net_gain_usdt,
        net_loss_at_stop_usdt=trade.net_loss(trade.size),
        part=target.size,
        size=trade.size,
    )
