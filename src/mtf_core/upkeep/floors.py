"""How far back candles must reach whatever a retention says: for the next run, and to verify the runs that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from attrs import field, frozen

from mtf_core.features.history import BLOCK
from mtf_core.market import DAY_MS, Timeframe, format_instant
from mtf_core.ports import Environment
from mtf_core.records import JsonObject, KeptRuns
from mtf_core.records.older import current_content
from mtf_core.rules.needs import Need
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import Profile, profile_from_content
from mtf_core.validation.compiled_profile import CompiledProfile, compile_anew, compile_profile
from mtf_core.validation.window import window_at
from mtf_core.words import counted


@frozen
class WarmUp:
    """What the next run needs of a timeframe's candles, and of which profile that is."""

    candles: int
    profile: str


@frozen
class Floors:
    """What is never deleted of candles."""

    warm_up: Mapping[Timeframe, WarmUp] = field(factory=dict)
    """Counted from the last candle of a series."""
    verified_from_ms: Mapping[Timeframe, int] = field(factory=dict)
    """The first candle on which a kept run rests."""

    @property
    def largest(self) -> tuple[Timeframe, WarmUp] | None:
        """The timeframe that needs most candles; None: no profile is enabled."""
        found = sorted(self.warm_up.items(), key=lambda item: (-item[1].candles, item[0].ms))
        return found[0] if found else None

    @property
    def words(self) -> tuple[str, ...]:
        """The floors by timeframe: `4h: 1192 candles for the warm-up of scalper; all since … to verify kept runs`."""
        found = []
        for timeframe in Timeframe:
            warm_up, from_ms = self.warm_up.get(timeframe), self.verified_from_ms.get(timeframe)
            told = [f"{counted(warm_up.candles, 'candle')} for the warm-up of {warm_up.profile}"] if warm_up else []
            told += [f"all since {format_instant(from_ms)} to verify kept runs"] if from_ms is not None else []
            if told:
                found.append(f"{timeframe}: {'; '.join(told)}")
        return tuple(found)


async def floors_of(environment: Environment, kept: Iterable[KeptRuns]) -> Floors:
    """The floors of the profiles that are enabled, and of the runs that a cleanup leaves.

    A configuration that cannot be read any more has no floor: no run with it can be verified.
    """
    configurations = [(one, await environment.stores.runs.document(one.config_digest)) for one in kept]
    return await environment.aside(partial(_floors, environment.profiles, configurations))


def _floors(
    profiles: Callable[[str | None], Profile], configurations: list[tuple[KeptRuns, JsonObject | None]]
) -> Floors:
    trading = profiles(None).trading
    warm_up: dict[Timeframe, WarmUp] = {}
    for name, entry in trading.profiles.items():
        if entry.enabled:
            for timeframe, need in _needs(compile_profile(profiles(name))).items():
                candles = _most_candles(timeframe, need)
                if timeframe not in warm_up or candles > warm_up[timeframe].candles:
                    warm_up[timeframe] = WarmUp(candles, name)
    verified: dict[Timeframe, int] = {}
    for one, content in configurations:
        compiled = None if content is None else _compiled(content)
        for timeframe, need in _needs(compiled).items() if compiled is not None else ():
            assert compiled is not None
            first_ms = window_at(timeframe, need, one.first_instant_ms, compiled.timezone).first_open_ms
            verified[timeframe] = min(first_ms, verified.get(timeframe, first_ms))
    return Floors(warm_up, verified)


def _compiled(content: JsonObject) -> CompiledProfile | None:
    try:
        return compile_anew(profile_from_content(current_content(content)))
    except ConfigError:
        return None


def _needs(compiled: CompiledProfile) -> dict[Timeframe, Need]:
    """Of the rules and of the plans."""
    return {**compiled.plan_needs, **compiled.needs}


def _most_candles(timeframe: Timeframe, need: Need) -> int:
    """The longest that a window may be: it begins with a block, and a session with its day."""
    in_blocks = need.history.candles + (BLOCK - 1 if need.history.in_blocks else 0)
    session = -(-DAY_MS // timeframe.ms) + need.tail if need.history.session else 0
    return max(in_blocks, session)
