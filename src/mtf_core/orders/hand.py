"""What an operator may ask of an intent: checked against what is known of it, and turned into what the store keeps.

Pure. The supervisor checks again when it acts, for the market may have moved by then. Raises `InvalidRequestError`
with every field at fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from mtf_core.market import Side, on_grid_at_or_above, on_grid_at_or_below
from mtf_core.orders.intent import Intent, WantedTarget
from mtf_core.orders.states import EntryState, PositionState
from mtf_core.orders.trade import Booking
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.texts import is_text

MOST_R = Decimal(100)
Values = Mapping[str, str]


@frozen
class Facts:
    """What one read shows of the position."""

    entry_price: Decimal
    mark: Decimal | None
    """None: not known; what depends on it is left to the supervisor."""


def moved(intent: Intent, facts: Facts, stop: Decimal | None, target: Decimal | None, *, looser: bool) -> Values:
    """The request to move the stop, the nearer target, or both."""
    problems: list[FieldProblem] = []
    if stop is None and target is None:
        problems.append(FieldProblem("stop", "give a stop, a target, or both"))
    if stop is not None:
        problems += _stop_problems(intent, facts, stop, looser)
    if target is not None:
        problems += _target_problems(intent, facts, target)
    _refuse(problems)
    levels = {"stop": stop, "target": target}
    values = {name: f"{price:f}" for name, price in levels.items() if price is not None}
    return {**values, "looser": "yes"} if looser and stop is not None else values


@frozen
class Preview:
    """Targets, and perhaps a stop, as they would be set."""

    targets: tuple[WantedTarget, ...]
    r: tuple[Decimal, ...]
    """What was asked, in R: the planned distance from entry to first stop."""
    sizes: tuple[Decimal, ...]
    """Contracts of what is held now, on the size's grid; the last target takes the rest."""
    stop: Decimal | None
    """None: it stays where it is."""

    @property
    def values(self) -> Values:
        """As the store keeps the request."""
        values = {
            "prices": ",".join(f"{one.price:f}" for one in self.targets),
            "shares": ",".join(f"{one.share:f}" for one in self.targets),
        }
        return values if self.stop is None else {**values, "stop": f"{self.stop:f}"}


def targets_at(
    intent: Intent, facts: Facts, held: Decimal, r: Sequence[Decimal], split: Sequence[Decimal], *, keep_stop: bool
) -> Preview:
    """One or two targets at multiples of R from the average entry, and how what is held is shared between them.

    Unless `keep_stop`, the stop goes to 1 R from the average entry; where it stands nearer already, it stays.
    """
    problems = _shape_problems(r, split)
    _refuse(problems)
    distance = abs(intent.terms.planned_entry - intent.wanted.stop.price)
    prices = tuple(_toward_entry(intent, facts.entry_price + intent.side.sign * each * distance) for each in r)
    for price in prices:
        problems += _target_problems(intent, facts, price, "r")
    _refuse(problems)
    shares = tuple(split) if len(r) > 1 else (Decimal(1),)
    sizes = _sizes(intent, held, shares)
    targets = tuple(WantedTarget(*each) for each in zip(prices, shares, strict=True))
    return Preview(targets, tuple(r), sizes, None if keep_stop else _stop_at_one_r(intent, facts, distance))


def booked(intent: Intent, booking: Booking) -> Values:
    """The request to book a close that reads no longer explain; of size 0: nothing was ever filled."""
    problems: list[FieldProblem] = []
    is_stale = intent.position is PositionState.STALE
    if not is_stale and intent.entry is not EntryState.EVIDENCE_LOST:
        states = f"its entry is {intent.entry}, its position {intent.position}"
        problems.append(FieldProblem("symbol", f"only what reads cannot explain is booked by hand; {states}"))
    problems += _booking_problems(intent, booking, least="above" if is_stale else "at or above")
    if not is_text(booking.reason):
        problems.append(FieldProblem("reason", "say why, and where it was closed"))
    _refuse(problems)
    return {
        "price": f"{booking.price:f}",
        "size": f"{booking.size:f}",
        "profit": f"{booking.profit_usdt:f}",
        "fees": f"{booking.fees_usdt:f}",
        "reason": booking.reason.strip(),
    }


def _booking_problems(intent: Intent, booking: Booking, least: str) -> list[FieldProblem]:
    numbers = {
        "price": booking.price,
        "size": booking.size,
        "profit": booking.profit_usdt,
        "fees": booking.fees_usdt,
    }
    wrong = {name for name, value in numbers.items() if not value.is_finite()}
    problems = [FieldProblem(name, f"found {numbers[name]}; allowed is a number") for name in numbers if name in wrong]
    if wrong:
        return problems
    size = booking.size
    if size < 0 or (size == 0 and least == "above"):
        problems.append(FieldProblem("size", f"found {size}; allowed is a number {least} 0"))
    elif size > (most := _most_booked(intent)):
        problems.append(FieldProblem("size", f"found {size}; {most:f} at most are not explained by executions"))
    if size > 0 and booking.price <= 0:
        problems.append(FieldProblem("price", f"found {booking.price}; allowed is a number above 0"))
    if size == 0 and booking.profit_usdt:
        problems.append(FieldProblem("profit", f"found {booking.profit_usdt}; what was never filled has none"))
    return problems


def _most_booked(intent: Intent) -> Decimal:
    """What executions leave open of it; where they show nothing that was opened, everything that was planned."""
    return intent.progress.opened - intent.progress.closed if intent.progress.opened else intent.wanted.size


def _refuse(problems: Sequence[FieldProblem]) -> None:
    if problems:
        raise InvalidRequestError(tuple(problems))


def _stop_problems(intent: Intent, facts: Facts, stop: Decimal, looser: bool) -> list[FieldProblem]:
    wrong = _grid_problem(intent, "stop", stop)
    if wrong is not None:
        return [wrong]
    sign, now = intent.side.sign, intent.stop.price
    if facts.mark is not None and (facts.mark - stop) * sign <= 0:
        return [FieldProblem("stop", f"found {stop:f}; the mark price {facts.mark:f} is there already: close instead")]
    if (now - stop) * sign > 0 and not looser:
        return [FieldProblem("stop", f"{stop:f} is looser than {now:f}: it could lose more; say so with --looser")]
    return []


def _target_problems(intent: Intent, facts: Facts, target: Decimal, name: str = "target") -> list[FieldProblem]:
    wrong = _grid_problem(intent, name, target)
    if wrong is not None:
        return [wrong]
    sign = intent.side.sign
    if facts.mark is not None and (target - facts.mark) * sign <= 0:
        return [FieldProblem(name, f"{target:f} is not beyond the mark price {facts.mark:f}: close instead")]
    if (target - intent.stop.price) * sign <= 0:
        return [FieldProblem(name, f"{target:f} is not beyond the stop {intent.stop.price:f}")]
    return []


def _grid_problem(intent: Intent, name: str, price: Decimal) -> FieldProblem | None:
    if not (price.is_finite() and price > 0):
        return FieldProblem(name, f"found {price}; allowed is a price above 0")
    tick = intent.terms.tick_size
    below, above = on_grid_at_or_below(price, tick), on_grid_at_or_above(price, tick)
    if below == above:
        return None
    return FieldProblem(name, f"found {price:f}; prices are multiples of {tick:f}: {below:f} or {above:f}")


def _shape_problems(r: Sequence[Decimal], split: Sequence[Decimal]) -> list[FieldProblem]:
    problems = []
    if not 1 <= len(r) <= 2 or not all(each.is_finite() and 0 < each <= MOST_R for each in r):
        problems.append(FieldProblem("r", f"one or two multiples of R, each above 0 and at most {MOST_R}, like 1,2"))
    elif list(r) != sorted(set(r)):
        problems.append(FieldProblem("r", "the nearer target comes first"))
    if len(r) == 2 and (len(split) != 2 or not all(each.is_finite() and each > 0 for each in split) or sum(split) != 1):
        problems.append(FieldProblem("split", "two shares above 0 that add up to 1, like 0.5,0.5"))
    if len(r) == 1 and split and list(split) != [Decimal(1)]:
        problems.append(FieldProblem("split", "one target takes everything: leave it away"))
    return problems


def _toward_entry(intent: Intent, raw: Decimal) -> Decimal:
    tick = intent.terms.tick_size
    return on_grid_at_or_below(raw, tick) if intent.side is Side.LONG else on_grid_at_or_above(raw, tick)


def _sizes(intent: Intent, held: Decimal, shares: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """A part that the exchange would not take is merged into the first target, as the supervisor does it."""
    if len(shares) == 1:
        return (held,)
    first = on_grid_at_or_below(held * shares[0], intent.terms.size_step)
    if first < intent.terms.min_size or held - first < intent.terms.min_size:
        return (held, Decimal(0))
    return (first, held - first)


def _stop_at_one_r(intent: Intent, facts: Facts, distance: Decimal) -> Decimal | None:
    """On the grid, toward the entry: never looser than 1 R. None where it would loosen, or change nothing."""
    raw = facts.entry_price - intent.side.sign * distance
    tick = intent.terms.tick_size
    stop = on_grid_at_or_above(raw, tick) if intent.side is Side.LONG else on_grid_at_or_below(raw, tick)
    is_tighter = (stop - intent.stop.price) * intent.side.sign > 0
    fires_at_once = facts.mark is not None and (facts.mark - stop) * intent.side.sign <= 0
    return stop if is_tighter and not fires_at_once else None
