"""The table of all families of features: nothing else has to know one by name."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.features.family import (
    BySeries,
    Family,
    FeatureSpec,
    OfStack,
    Output,
    Period,
    RatioOf,
    SumOf,
    Unit,
    Values,
)
from mtf_core.features.history import History, averaged, fading
from mtf_core.features.indicators import (
    CLOSE,
    HIGH_LOW_CLOSE,
    adx_quotient,
    bollinger,
    direction_quotient,
    macd,
    plain,
    rsi_quotient,
    stochastic_rsi,
    volume_ratio,
)
from mtf_core.features.pivots import classic_pivots
from mtf_core.features.quotients import warm_up
from mtf_core.features.session import session_vwap
from mtf_core.market.candles import COLUMNS, Floats
from mtf_core.market.stack import CandleStack

PRICE, SCALE = Unit.PRICE, Unit.SCALE
UNDEFINED = "undefined where the market does not move"


def _candle(stack: CandleStack, columns: int, _: str) -> Mapping[str, Floats]:
    return {name: getattr(stack, name)[:, stack.count - columns :] for name in COLUMNS}


def _pivots(stack: CandleStack, columns: int, timezone: str) -> Mapping[str, Floats]:
    candle = _candle(stack, columns, timezone)
    return classic_pivots(candle["high"], candle["low"], candle["close"])


def _vwap(stack: CandleStack, columns: int, timezone: str) -> Mapping[str, Floats]:
    return {"vwap": session_vwap(stack, timezone, columns)}


def _ema_history(spec: FeatureSpec, tolerance: float) -> History:
    n = spec.period
    return averaged(n + fading(1 - 2 / (n + 1), tolerance))


def _atr_history(spec: FeatureSpec, tolerance: float) -> History:
    return averaged(spec.period + 1 + fading(1 - 1 / spec.period, tolerance))


def _quotient_history(spec: FeatureSpec, tolerance: float) -> History:
    return averaged(spec.period + 1 + warm_up(1 - 1 / spec.period, tolerance))


def _adx_history(spec: FeatureSpec, tolerance: float) -> History:
    keep = 1 - 1 / spec.period
    return averaged(2 * spec.period + warm_up(keep, tolerance) + fading(keep, tolerance))


def _macd_history(spec: FeatureSpec, tolerance: float) -> History:
    line = 26 + fading(1 - 2 / 27, tolerance)
    return averaged(line if spec.name == "macd" else line + 8 + fading(1 - 2 / 10, tolerance))


def _stochastic_rsi_history(spec: FeatureSpec, tolerance: float) -> History:
    rsi = 15 + warm_up(13 / 14, tolerance / 10)  # a range of the RSI is a tenth of its scale, or more
    return averaged(rsi + 13 + (2 if spec.name == "stoch_rsi_k" else 4))


def _pivot_outputs() -> tuple[Output, ...]:
    texts = {
        "pp": "PP = (H + L + C)/3 of the last closed candle of `indicators.pivot.timeframe`",
        **{"r1": "2·PP − L", "s1": "2·PP − H", "r2": "PP + (H − L)", "s2": "PP − (H − L)"},
        **{"r3": "H + 2·(PP − L)", "s3": "L − 2·(H − PP)"},
        **{f"r{k}": f"R{k - 1} + (H − L)" for k in (4, 5, 6)},
        **{f"s{k}": f"S{k - 1} − (H − L)" for k in (4, 5, 6)},
    }
    return tuple(Output(f"pivot_{level}", text, PRICE) for level, text in texts.items())


FAMILIES = (
    Family(
        (
            Output("open", "first price of the candle", PRICE, Values.POSITIVE),
            Output("high", "highest price", PRICE, Values.POSITIVE),
            Output("low", "lowest price", PRICE, Values.POSITIVE),
            Output("close", "last price", PRICE, Values.POSITIVE),
            Output("volume", "traded size", Unit.VOLUME, Values.NOT_NEGATIVE),
        ),
        OfStack(_candle),
        history=lambda _, __: History(1),
    ),
    Family(
        (
            Output(
                "ema_N",
                "exponential average of close, α = 2/(N+1), seeded by the simple average of the first N",
                PRICE,
                Values.POSITIVE,
            ),
            Output("ma_N", "another name of `ema_N`", PRICE, Values.POSITIVE, alias_of="ema_N"),
        ),
        BySeries(plain("EMA", CLOSE)),
        history=_ema_history,
        period=Period(1, (9, 20, 21, 50, 200)),
    ),
    Family(
        (Output("sma_N", "simple average of the last N closes", PRICE, Values.POSITIVE),),
        BySeries(plain("SMA", CLOSE)),
        history=lambda spec, _: averaged(spec.period),
        period=Period(1, (20, 50, 200)),
    ),
    Family(
        (
            Output(
                "rsi_N",
                f"relative strength index of Wilder; `rsi` is `rsi_14`; {UNDEFINED}",
                SCALE,
                Values.HUNDRED,
            ),
        ),
        BySeries(plain("RSI", CLOSE), rsi_quotient),
        history=_quotient_history,
        period=Period(2, (14,), default=14),
    ),
    Family(
        (Output("atr_N", "average true range of Wilder; `atr` is `atr_14`", PRICE, Values.NOT_NEGATIVE),),
        BySeries(plain("ATR", HIGH_LOW_CLOSE)),
        history=_atr_history,
        period=Period(1, (14,), default=14),
    ),
    Family(
        (
            Output(
                "adx_N",
                f"average directional index of Wilder, strength of trend; `adx` is `adx_14`; {UNDEFINED}",
                SCALE,
                Values.HUNDRED,
            ),
        ),
        BySeries(plain("ADX", HIGH_LOW_CLOSE), adx_quotient),
        history=_adx_history,
        period=Period(2, (14,), default=14),
    ),
    *(
        Family(
            (
                Output(
                    f"{way}_di_N",
                    f"directional indicator {word}, of Wilder; `{way}_di` is `{way}_di_14`; {UNDEFINED}",
                    SCALE,
                    Values.HUNDRED,
                ),
            ),
            BySeries(plain(f"{way.upper()}_DI", HIGH_LOW_CLOSE), direction_quotient),
            history=_quotient_history,
            period=Period(1, (14,), default=14),
        )
        for way, word in (("plus", "up"), ("minus", "down"))
    ),
    Family(
        (
            Output("ma_N_plus_Katr", "ema_N + K·atr_14, K a decimal: `ma_21_plus_1.3atr`", PRICE),
            Output("ma_N_minus_Katr", "ema_N − K·atr_14", PRICE, sign=-1),
        ),
        SumOf(lambda spec: ((f"ema_{spec.period}", 1.0), ("atr_14", spec.k))),
        period=Period(1, (9, 21)),
    ),
    Family((Output("atr_pct", "atr_14 / close", Unit.RATIO, Values.NOT_NEGATIVE),), RatioOf("atr_14", "close")),
    Family(
        (
            Output(
                "vwap",
                "Σ(typical price · volume) / Σ volume since midnight of `indicators.vwap.timezone`; "
                "typical price = (high + low + close)/3; missing while the day has no volume",
                PRICE,
                Values.POSITIVE,
            ),
        ),
        OfStack(_vwap),
        history=lambda _, __: History(1, session=True),
    ),
    Family(
        (
            Output(
                "volume_ratio",
                "volume / simple average of the 20 volumes before it; missing when these are all 0",
                Unit.TIMES,
                Values.NOT_NEGATIVE,
            ),
        ),
        BySeries(volume_ratio),
        history=lambda _, __: averaged(21),
    ),
    Family(
        (
            Output("macd", "ema_12 − ema_26", PRICE),
            Output("macd_signal", "exponential average of 9 values of macd", PRICE),
            Output("macd_hist", "macd − macd_signal", PRICE),
        ),
        BySeries(macd),
        history=_macd_history,
        equals=lambda spec: (("macd", 1.0), ("macd_signal", -1.0)) if spec.name == "macd_hist" else None,
    ),
    Family(
        (
            Output("bb_upper", "bb_middle + 2 population standard deviations of 20 closes", PRICE, Values.POSITIVE),
            Output("bb_middle", "simple average of 20 closes", PRICE, Values.POSITIVE),
            Output("bb_lower", "bb_middle − 2 population standard deviations of 20 closes", PRICE),
            Output("bb_width", "(bb_upper − bb_lower) / bb_middle", Unit.RATIO, Values.NOT_NEGATIVE),
        ),
        BySeries(bollinger),
        history=lambda _, __: averaged(20),
    ),
    Family(
        (
            Output(
                "stoch_rsi_k",
                "place of rsi_14 within the range of its last 14 values, averaged over 3; "
                "undefined where an RSI is, and where they are all the same",
                SCALE,
                Values.HUNDRED,
            ),
            Output("stoch_rsi_d", "simple average of 3 values of stoch_rsi_k", SCALE, Values.HUNDRED),
        ),
        BySeries(stochastic_rsi),
        history=_stochastic_rsi_history,
    ),
    Family(_pivot_outputs(), OfStack(_pivots), history=lambda _, __: History(1), of_pivot_timeframe=True),
)
