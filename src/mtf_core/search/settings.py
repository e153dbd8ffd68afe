"""What a space file says beside the keys that vary: data, method, windows, the score, and what a verdict asks for."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.settings.fields import ratio, setting


class Method(StrEnum):
    RANDOM = "random"
    """Drawn from a seed, each combination at most once."""
    GRID = "grid"
    """Every combination."""
    OPTUNA = "optuna"
    """Proposed by what earlier trials scored, for each window by itself; needs the extra `search`."""


@frozen
class ArchiveData:
    """Candles of the archive."""

    venue: str = setting(doc="whose candles")
    symbols: tuple[str, ...] = setting((), doc="which symbols; none: all that the archive has of the venue")


@frozen
class DataSettings:
    """The candles that every trial sees, and the end of them that none sees."""

    archive: ArchiveData | None = setting(None, doc="candles of the archive (`mtf archive`)")
    files: dict[str, str] = setting(
        factory=dict, keys="symbol", doc="files of candles of 1m, by symbol; a relative path starts at the space file"
    )
    contracts: str | None = setting(
        None, doc="a file with what is known of the contracts, as `--contracts-file` takes it"
    )
    from_: str | None = setting(None, key="from", doc="the first decision, like 2026-01-01T00:00Z; absent: the first")
    to: str | None = setting(None, doc="the last decision; absent: the last candle")


@frozen
class MethodSettings:
    """How combinations are chosen."""

    kind: Method = setting(Method.RANDOM, doc="how combinations are chosen")
    trials: int | None = setting(
        None, ge=1, le=100_000, doc="random: so many; optuna: so many for each window; grid: refused if it has more"
    )
    seed: int | None = setting(None, ge=0, doc="random and optuna: what is drawn follows from it; absent: 1")
    at_once: int | None = setting(
        None, ge=1, le=1000, doc="optuna: so many are proposed before the scores of any of them are known; absent: 8"
    )


@frozen
class WindowSettings:
    """How the time is cut: fixed before the first trial."""

    train_days: int = setting(ge=1, le=3650, unit="days", doc="a window's variants are compared on so many days")
    test_days: int = setting(ge=1, le=3650, unit="days", doc="its best is looked at on the days after")
    holdout_days: int = setting(ge=1, le=3650, unit="days", doc="the last days, which no trial sees")
    embargo_hours: int = setting(24, ge=0, le=2400, unit="h", doc="between what is compared and what is looked at")
    anchored: bool = setting(
        True, doc="every window begins with the first day, so that the later ones compare on more; false: all as long"
    )


@frozen
class ScoreSettings:
    """What a variant is compared by: the lower bound of its net expectancy in R, less what makes it doubtful."""

    trades_wanted: int = setting(50, ge=1, unit="trades", doc="fewer are a reason for doubt")
    few_trades_r: Decimal = setting(
        Decimal("0.5"), ge=0, unit="R", doc="taken off where there is no trade, in proportion where some are missing"
    )
    drawdown_free_pct: Decimal = ratio(Decimal("0.1"), doc="a drawdown up to it costs nothing")
    drawdown_r: Decimal = setting(Decimal(1), ge=0, unit="R", doc="taken off for a drawdown of 100 % beyond that")
    concentration_free_pct: Decimal = ratio(
        Decimal("0.5"), doc="a share of the profit up to it may come from one symbol, and from one week"
    )
    concentration_r: Decimal = setting(
        Decimal("0.5"), ge=0, unit="R", doc="taken off for each of the two where all beyond that comes from one"
    )


@frozen
class VerdictSettings:
    """What the best variant has to show."""

    pbo_at_most_pct: Decimal = ratio(Decimal("0.2"), doc="probability that the choice is no better than any")
    pbo_blocks: int = setting(8, ge=4, le=16, doc="the days are cut in so many blocks for it; an even number")
    deflated_sharpe_at_least_pct: Decimal = ratio(Decimal("0.95"), doc="probability that it is more than luck")
    tests_trades_at_least: int = setting(30, ge=2, unit="trades", doc="in the test windows together")
    holdout_trades_at_least: int = setting(30, ge=2, unit="trades", doc="on the days that no trial has seen")
    holdout_seen_at_most: int = setting(
        0, ge=0, doc="other configurations that were ever tried on days of the hold-out; more: it is none any more"
    )


@frozen(kw_only=True)
class SearchSettings:
    """`SPACE.yaml` without the keys that vary, which stand below `vary`."""

    profile: str = setting(doc="the profile that is varied")
    data: DataSettings = setting(doc="the candles")
    method: MethodSettings = setting(factory=MethodSettings, doc="how combinations are chosen")
    windows: WindowSettings = setting(doc="how the time is cut")
    score: ScoreSettings = setting(factory=ScoreSettings, doc="what variants are compared by")
    verdict: VerdictSettings = setting(factory=VerdictSettings, doc="what the best has to show")


USUAL_SEED, USUAL_AT_ONCE = 1, 8
