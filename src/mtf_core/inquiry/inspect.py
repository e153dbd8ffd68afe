"""Looking at one symbol: its features, its decision with the whole tree, its plan on a side of one's choice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from mtf_core.features.names import known_feature_names
from mtf_core.features.table import FeatureTable
from mtf_core.market import Contract, Side, Timeframe
from mtf_core.planning import PlanOutcome, Signal, decision_key
from mtf_core.ports import Environment, UnknownSymbolError
from mtf_core.problems import FieldProblem, NotFoundError
from mtf_core.rules.axis import InstantAxis, home_timeframe
from mtf_core.rules.expressions import Feature
from mtf_core.rules.needs import feature_need, joined
from mtf_core.runs.planner import make_plan
from mtf_core.runs.quotes import read_quotes
from mtf_core.settings.profile import Profile
from mtf_core.symbols import meant_symbol
from mtf_core.upkeep.contracts import current_contracts
from mtf_core.upkeep.feed import CandleFeed
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import Decision, feature_facts
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.resting import value_history
from mtf_core.validation.value_history import ValueHistory


@frozen
class Reading:
    """A feature's value at the last closed candle (NaN: missing), and the candles that it rests on."""

    value: float
    history: ValueHistory


@frozen
class Indicators:
    """Features of the last closed candle, each read as a decision reads it."""

    symbol: str
    timeframe: Timeframe
    open_ms: int
    readings: dict[str, Reading]

    @property
    def values(self) -> dict[str, float]:
        return {name: reading.value for name, reading in self.readings.items()}


async def read_indicators(
    environment: Environment,
    symbol: str,
    timeframe: Timeframe,
    at_ms: int | None = None,
    names: Sequence[str] | None = None,
    profile: Profile | None = None,
) -> Indicators:
    """Features of the last closed candle: the named ones, or the customary ones.

    Raises `UnknownFeatureError`, `UnknownSymbolError` and other `PortError`s.
    """
    world = environment.at(at_ms)
    used = profile or world.profiles(None)
    indicators = used.indicators
    pivots, tolerance = indicators.indicators.pivot.timeframe, float(indicators.warmup_tolerance)
    wanted = [Feature(name) for name in names or known_feature_names()]
    homes = {feature: home_timeframe(feature, timeframe, pivots) for feature in wanted}
    needs = [{home: feature_need(feature.name, home, timeframe, 0, tolerance)} for feature, home in homes.items()]
    total = joined({timeframe: feature_need("close", timeframe, timeframe, 0, tolerance)}, *needs)
    contract = await contract_of(world, symbol, used)
    carry_ms = used.trading.carry_ms(world.venue.exchange)
    feed = CandleFeed(world.venue.market, world.stores.candles, indicators.indicators.vwap.timezone, carry_ms)
    now_ms = world.venue.clock.now_ms()
    fed = await feed.stacks(total, [contract], now_ms)
    if symbol in fed.failures:
        raise fed.failures[symbol]
    tables = {
        home: FeatureTable(stack, min(stack.count, total[home].tail), feed.timezone, tolerance)
        for home, stack in fed.stacks.items()
    }
    axis = InstantAxis(tables, timeframe, np.array([now_ms]), pivots, tolerance)
    readings = {feature.name: _reading(feature, tables[home], axis) for feature, home in homes.items()}
    return Indicators(symbol, timeframe, timeframe.last_closed_open(now_ms), readings)


def _reading(feature: Feature, table: FeatureTable, axis: InstantAxis) -> Reading:
    rests_on = value_history(table, feature.name, 0, table.stack.count - 1 - feature.ago)
    return Reading(float(axis.value(feature, 0)[0, 0]), rests_on)


async def explain_symbol(
    environment: Environment,
    profile: Profile,
    symbol: str,
    at_ms: int | None = None,
    options: DecideOptions | None = None,
) -> Decision:
    """The symbol's decision now (or at a past instant), whatever its switches and the account say."""
    world = environment.at(at_ms)
    contract = await contract_of(world, symbol, profile)
    compiled = compile_profile(profile)
    carry_ms = profile.trading.carry_ms(world.venue.exchange)
    feed = CandleFeed(world.venue.market, world.stores.candles, compiled.timezone, carry_ms)
    now_ms = world.venue.clock.now_ms()
    fed = await feed.stacks(compiled.needs, [contract], now_ms)
    if symbol in fed.failures:
        raise fed.failures[symbol]
    quotes = await read_quotes(world.venue.market, [symbol], 1)
    batch = Decider(compiled).decide(fed.stacks, now_ms, [symbol], options, quotes.spread_bps())
    return batch.of(symbol)


async def plan_symbol(
    environment: Environment,
    profile: Profile,
    symbol: str,
    side: Side,
    timeframe: Timeframe,
    at_ms: int | None = None,
) -> PlanOutcome:
    """The plan that a signal on that side and timeframe would get now; nothing is decided, nothing is sent."""
    world = environment.at(at_ms)
    compiled = compile_profile(profile)
    if timeframe not in compiled.plan_features:
        allowed = ", ".join(compiled.plan_features)
        message = f"{timeframe} is no execution timeframe of {profile.name}; allowed: {allowed}"
        raise NotFoundError((FieldProblem("timeframe", message),))
    contract = await contract_of(world, symbol, profile)
    now_ms = world.venue.clock.now_ms()
    carry_ms = profile.trading.carry_ms(world.venue.exchange)
    feed = CandleFeed(world.venue.market, world.stores.candles, compiled.timezone, carry_ms)
    needs = {**compiled.plan_needs, **compiled.needs}
    fed = await feed.stacks(needs, [contract], now_ms)
    quotes = await read_quotes(world.venue.market, [symbol], 1)
    for failure in (*fed.failures.values(), *quotes.failures.values()):
        raise failure
    tables = {home: compiled.table(stack) for home, stack in fed.stacks.items()}
    features = feature_facts(compiled, timeframe, tables, symbol, now_ms)
    signal = Signal(symbol, side, timeframe, decision_key(symbol, timeframe, now_ms, side))
    account = await world.venue.account.account_state()
    return make_plan(signal, contract, features, quotes.quotes[symbol], account, compiled, now_ms, None).outcome


async def contract_of(environment: Environment, symbol: str, profile: Profile) -> Contract:
    """The symbol's contract; raises `UnknownSymbolError`."""
    refresh = profile.contracts.selection.refresh_interval_minutes
    for contract in await current_contracts(environment, environment.venue.market, refresh):
        if contract.symbol == symbol:
            return contract
    meant = meant_symbol(symbol)
    hint = f"did you mean {meant}?" if meant else "`mtf contracts list` shows the known ones"
    raise UnknownSymbolError(f"no contract for {symbol}; {hint}")
