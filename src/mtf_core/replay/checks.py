"""Whether a replay's books add up, to the last digit. What does not is said in its report, never mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.ledger import Fate, Ledger
from mtf_core.replay.sums import Sums


@frozen
class Check:
    """One sum that must come out."""

    what: str
    holds: bool
    difference: Decimal | None
    """In quote currency, where the check is of money."""
    why: str = ""


def checks_of(ledger: Ledger, sums: Sums) -> tuple[Check, ...]:
    """Each check, whether it holds or not."""
    with localcontext(PLAN_CONTEXT):
        return (_costs(ledger, sums), _equity(ledger, sums), _fates(ledger))


def _costs(ledger: Ledger, sums: Sums) -> Check:
    difference = sums.net_usdt - (sums.gross_usdt - sums.fees_usdt - sums.funding_usdt)
    wrong = list(_wrong_nets(ledger))
    why = f"not so for {', '.join(wrong[:3])}" if wrong else ""
    return Check(
        "net = gross - fees - funding, of each trade and of all", not difference and not wrong, difference, why
    )


def _wrong_nets(ledger: Ledger) -> Iterator[str]:
    for one in (replayed.trade for replayed in ledger.trades):
        if one.net_usdt != one.gross_usdt - one.fees_usdt - one.funding_usdt:
            yield one.decision_key


def _equity(ledger: Ledger, sums: Sums) -> Check:
    """What is open at the end stands in equity with what it paid and took so far, and in no trade."""
    start = ledger.settings.balance_usdt
    equity = ledger.equity[-1].equity if ledger.equity else start
    difference = (equity - start) - (sums.net_usdt + ledger.open_usdt)
    return Check("the change of equity = net of the trades + what is open", not difference, difference)


def _fates(ledger: Ledger) -> Check:
    traded = Counter(one.decision_key for one in ledger.ready if one.fate is Fate.TRADED)
    closed = Counter(one.trade.decision_key for one in ledger.trades)
    odd = sorted((traded - closed) + (closed - traded))
    why = f"not so for {', '.join(odd[:3])}" if odd else ""
    return Check("every READY minute that was traded has one trade, and every trade one minute", not odd, None, why)
