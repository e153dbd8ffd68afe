"""Risk-limit tables: the larger the position, the less leverage and the more maintenance margin."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import LeverageBracket

_LEVERAGE_LADDER = (125, 100, 75, 50, 40, 25, 20, 10, 5, 4, 3, 2, 1)
_CAP_GROWTH = (1, 5, 10, 20, 50, 100, 200, 400)


def bracket_table(max_leverage: int, first_cap: Decimal, rows: int) -> tuple[LeverageBracket, ...]:
    """`rows` (1–8) brackets from `max_leverage` downwards, the first up to a notional of `first_cap` USDT.

    The maintenance ratio of a row is half of its initial margin; `maintenance_amount` makes the margin continuous
    where one row ends and the next begins.
    """
    leverages = [max_leverage, *(step for step in _LEVERAGE_LADDER if step < max_leverage)][:rows]
    brackets: list[LeverageBracket] = []
    floor, amount, previous_ratio = Decimal(0), Decimal(0), Decimal(0)
    for leverage, growth in zip(leverages, _CAP_GROWTH, strict=False):
        ratio = (Decimal("0.5") / leverage).quantize(Decimal("0.0001"))
        amount += floor * (ratio - previous_ratio) if brackets else Decimal(0)
        cap = first_cap * growth
        brackets.append(LeverageBracket(floor, cap, Decimal(leverage), ratio, amount))
        floor, previous_ratio = cap, ratio
    return tuple(brackets)
