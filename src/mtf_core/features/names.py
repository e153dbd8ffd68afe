"""Feature names: which feature each means, and how much history its value needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mtf_core.features.families import FAMILIES
from mtf_core.features.family import Family, FeatureSpec, Output, RatioOf, SumOf
from mtf_core.features.history import History
from mtf_core.features.unknown import UnknownFeatureError

MAX_PERIOD = 5000


def known_feature_names() -> tuple[str, ...]:
    """Names to suggest when one is unknown; of periodic features, the customary periods."""
    return tuple(name for family in FAMILIES for output in family.outputs for name in usual_names(family, output))


def usual_names(family: Family, output: Output) -> tuple[str, ...]:
    """The name as it is mostly written: with the default period, or the customary ones; K is 2."""
    if family.period is None:
        return (output.name,)
    if family.period.default is not None:
        return (output.name.removesuffix("_N"),)
    return tuple(output.name.replace("_N", f"_{n}").replace("_K", "_2") for n in family.period.usual)


def feature_problem(name: str) -> str | None:
    """Why `name` is no feature, or None when it is one."""
    try:
        feature_spec(name)
    except UnknownFeatureError as error:
        return str(error)
    return None


@cache
def feature_spec(name: str) -> FeatureSpec:
    """The feature of that name; `ma_N` is `ema_N`, a missing period is 14. Raises `UnknownFeatureError`."""
    for family, output, pattern in _patterns():
        if written := pattern.fullmatch(name):
            return _spec(name, family, output, written.groupdict())
    raise UnknownFeatureError(f"unknown feature {name!r}; `mtf features` lists the known ones")


@cache
def history(name: str, tolerance: float) -> History:
    """Closed candles that the value at a candle needs, that candle included.

    Recursive averages remember their seed with a weight that shrinks by a constant factor per candle; the count is
    the smallest for which that weight is below `tolerance`. Chained smoothing (ADX, MACD's signal) counts in full:
    661 for `ema_200` at 0.01. Quotients of averages (RSI, ±DI, ADX) need more, so that they are still known when the
    market has calmed down since the seed.
    """
    spec = feature_spec(name)
    if spec.family.history is not None:
        return spec.family.history(spec, tolerance)
    total = History(1)
    for part in made_of(spec):
        total = total.joined(history(part, tolerance))
    return total


def made_of(spec: FeatureSpec) -> tuple[str, ...]:
    """The features of the same candle from which one is computed; empty for one that is computed from candles."""
    match spec.family.computation:
        case SumOf(terms):
            return tuple(name for name, _ in terms(spec))
        case RatioOf(numerator, denominator):
            return (numerator, denominator)
        case _:
            return ()


def _spec(name: str, family: Family, output: Output, written: dict[str, str]) -> FeatureSpec:
    if family.period is None:
        return FeatureSpec(name, family, output)
    if "N" not in written:
        return feature_spec(f"{name}_{family.period.default}")
    period, k = int(written["N"]), output.sign * float(written.get("K", 0))
    if not family.period.shortest <= period <= MAX_PERIOD:
        allowed = f"{family.period.shortest}..{MAX_PERIOD}"
        raise UnknownFeatureError(f"feature {name!r}: the period must lie within {allowed}")
    if output.alias_of:
        return feature_spec(output.alias_of.replace("_N", f"_{period}"))
    return FeatureSpec(name if "K" in written else output.name.replace("_N", f"_{period}"), family, output, period, k)


@cache
def _patterns() -> tuple[tuple[Family, Output, re.Pattern[str]], ...]:
    return tuple(_each_pattern())


def _each_pattern() -> Iterator[tuple[Family, Output, re.Pattern[str]]]:
    """Every name as a regular expression; that without a period first, where one is meant."""
    for family in FAMILIES:
        for output in family.outputs:
            if family.period is not None and family.period.default is not None:
                yield family, output, re.compile(output.name.removesuffix("_N"))
            text = output.name.replace("_N", r"_(?P<N>\d{1,5})").replace("_K", r"_(?P<K>\d+(?:\.\d+)?)")
            yield family, output, re.compile(text)
