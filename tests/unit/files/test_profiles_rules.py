"""The rules of the four shipped profiles, written out a second time, so that an accidental change is seen."""

from textwrap import dedent

from tests.unit.files.notation import named_rules, sides
from tests.unit.files.shipped import shipped


def test_the_sides_of_scalper_micro() -> None:
    assert sides(shipped("scalper_micro")) == dedent(
        """\
        5m long
          ema20_over_50_with_tolerance_moderate
          close_above_vwap_or_ma9
          macd_hist_gt_eps {eps 0}
          rsi_bullish 49
          rsi_lt_70
          atr_volatility_ok {min 0.0005, max 0.03}
        5m short
          ema_20_lt_50
          close_below_vwap_or_ma9
          macd_hist_lt_eps {eps_pct 0.00005}
          rsi_bearish
          rsi_gt_30
          atr_volatility_ok {min 0.0005, max 0.03}
        1m long
          ema20_over_50_with_tolerance_moderate
          near_vwap 0.0012
          close_above_vwap_or_ma9
          macd_hist_gt_eps {eps 0}
          macd_hist_increasing_n 1
          rsi_bullish
          rsi_lt_70
          atr_volatility_ok {min 0.00035, max 0.03}
        1m short
          ema_20_lt_50
          near_vwap 0.0012
          close_below_vwap_or_ma9
          macd_hist_lt_eps {eps_pct 0.00001}
          macd_hist_decreasing_n {n 1, eps_pct 0.00001}
          rsi_bearish
          rsi_gt_30
          atr_volatility_ok {min 0.00035, max 0.03}
        """
    )


def test_the_rules_of_scalper_micro() -> None:
    assert named_rules(shipped("scalper_micro")) == dedent(
        """\
        close_below_vwap_or_ma9
          any
            close_below_vwap
            close_below_ma_9
        """
    )


def test_the_sides_of_scalper() -> None:
    assert sides(shipped("scalper")) == dedent(
        """\
        1h long
          price_regime_ok_long
          any
            macd_hist_gt_eps
            macd_hist_slope_pos
          adx_min_for_trend 18
        1h short
          price_regime_ok_short
          any
            macd_hist_decreasing_n
            macd_hist_slope_neg
          adx_min_for_trend
        15m long
          any
            all
              ema20_over_50_with_tolerance_moderate
              close_above_vwap_or_ma9
              rsi_lt_70 74
              atr_rel_in_range_15m
              any
                macd_hist_gt_eps
                macd_hist_slope_pos
                macd_line_above_signal
            all
              pullback_confirmed
              ema20_over_50_with_tolerance_moderate
              rsi_lt_70 70
              atr_rel_in_range_15m
        15m short
          price_regime_ok_short
          any
            ema_20_lt_50
            ema_50_lt_200
          any
            macd_hist_decreasing_n
            macd_hist_slope_neg
            macd_line_below_signal
          close_below_vwap
          rsi_gt_softfloor 20
          atr_rel_in_range_15m
        5m long
          any
            macd_hist_gt_eps
            macd_line_cross_up_with_hysteresis
          close_above_vwap_or_ma9_relaxed
          rsi_lt_70 72
          atr_rel_in_range_5m
          volume_ratio_ok
        5m short
          any
            macd_hist_decreasing_n
            macd_line_cross_down_with_hysteresis
          close_below_vwap
          rsi_gt_softfloor 18
          atr_rel_in_range_5m
          volume_ratio_ok
        1m long
          macd_hist_gt_eps
          close_above_vwap_and_ma9
          rsi_lt_70 68
          atr_rel_in_range_5m
          volume_ratio_ok
        1m short
          macd_hist_decreasing_n
          close_below_vwap
          rsi_gt_softfloor 22
          atr_rel_in_range_5m
          volume_ratio_ok
        """
    )


def test_the_rules_of_scalper() -> None:
    assert named_rules(shipped("scalper")) == dedent(
        """\
        ema_20_slope_pos
          builtin.ema_20_slope_pos {lookback 8}
        ema200_slope_pos
          builtin.ema200_slope_pos {lookback 13}
        ema200_slope_neg
          builtin.ema200_slope_neg {lookback 21}
        ema20_over_50_with_tolerance_moderate
          any
            ema_20_gt_50
            ema_20_minus_ema_50_gt -0.0015
            ema_20_slope_pos
        ema_above_200_with_tolerance
          any
            close_above_ema_200
            close_minus_ema_200_gt -0.003
            ema200_slope_pos
        ema_below_200_with_tolerance
          any
            close_below_ema_200
            close_minus_ema_200_lt 0.003
            ema200_slope_neg
        price_regime_ok_long
          any
            all
              ema_above_200_with_tolerance
              ema_50_gt_200
            all
              close_above_ema_200
              ema200_slope_pos
        price_regime_ok_short
          any
            all
              ema_below_200_with_tolerance
              ema_50_lt_200
            all
              close_below_ema_200
              ema200_slope_neg
        macd_hist_gt_eps
          builtin.macd_hist_gt_eps {eps 0}
        macd_line_cross_up_with_hysteresis
          builtin.macd_line_cross_up_with_hysteresis {min_gap_pct 0.0006, cool_down_bars 2}
        macd_line_cross_down_with_hysteresis
          builtin.macd_line_cross_down_with_hysteresis {min_gap_pct 0.0012, cool_down_bars 3}
        close_above_vwap_and_ma9
          all
            close_above_vwap
            close_above_ma_9
        close_above_vwap_or_ma9_relaxed
          any
            close_above_vwap_or_ma9
            all
              atr_rel_in_range_5m
              near_vwap 0.004
        pullback_confirmed
          within 3 bars
            any
              ma9_cross_up_ma21
              near_vwap
        atr_rel_in_range_15m
          builtin.atr_rel_in_range_15m {min 0.0005, max 0.045}
        atr_rel_in_range_5m
          builtin.atr_rel_in_range_5m {min 0.0005, max 0.045}
        """
    )


def test_the_sides_of_regular() -> None:
    assert sides(shipped("regular")) == dedent(
        """\
        4h long
          any
            all
              ema_50_gt_200
              close_above_ema_200
            all
              ema_above_200_with_tolerance
              ema_50_gt_200
          price_regime_ok_long
        4h short
          any
            all
              ema_50_lt_200
              close_below_ema_200
            all
              ema_below_200_with_tolerance
              ema_50_lt_200
          price_regime_ok_short
        1h long
          any
            all
              ema_above_200_with_tolerance
              ema_50_gt_200
            all
              ema200_slope_pos
              ema_50_gt_200
          any
            macd_hist_gt_eps
            macd_line_cross_up_with_hysteresis {min_gap_pct 0.0012, cool_down_bars 3}
            macd_hist_slope_pos
          price_regime_ok_long
        1h short
          any
            all
              ema_below_200_with_tolerance
              ema_50_lt_200
            all
              ema200_slope_neg
              ema_50_lt_200
          any
            macd_line_cross_down_with_hysteresis {min_gap_pct 0.0018, cool_down_bars 4}
            macd_hist_decreasing_n
            macd_hist_slope_neg
          price_regime_ok_short
        15m long
          any
            all
              macd_hist_gt_eps
              ema20_over_50_with_tolerance
            all
              macd_line_cross_up_with_hysteresis {min_gap_pct 0.0012, cool_down_bars 3}
              close_above_vwap_or_ma9
          ema20_over_50_with_tolerance
          rsi_lt_70 73
          close_above_vwap_or_ma9
          atr_rel_in_range_15m
        15m short
          any
            macd_line_cross_down_with_hysteresis {min_gap_pct 0.0018, cool_down_bars 4}
            all
              macd_hist_decreasing_n
              ema_20_lt_50
          ema_20_lt_50
          rsi_gt_softfloor 28
          close_below_vwap
          atr_rel_in_range_15m
        5m long
          any
            all
              macd_hist_gt_eps
              ema20_over_50_with_tolerance
            all
              macd_line_cross_up_with_hysteresis {min_gap_pct 0.0012, cool_down_bars 3}
              close_above_vwap_or_ma9
          ema20_over_50_with_tolerance
          close_above_vwap_or_ma9
          rsi_lt_70 73
          atr_rel_in_range_5m
        5m short
          any
            macd_line_cross_down_with_hysteresis {min_gap_pct 0.0018, cool_down_bars 4}
            all
              macd_hist_decreasing_n
              ema_20_lt_50
          ema_20_lt_50
          rsi_gt_softfloor 28
          close_below_vwap
          atr_rel_in_range_5m
        1m long
          macd_hist_gt_eps
          ema20_over_50_with_tolerance
          close_above_vwap_or_ma9
          rsi_lt_70 73
          macd_hist_slope_pos
          atr_rel_in_range_5m
        1m short
          macd_hist_decreasing_n
          ema_20_lt_50
          rsi_gt_softfloor 28
          close_below_vwap
          macd_hist_slope_neg
          atr_rel_in_range_5m
        """
    )


def test_the_rules_of_regular() -> None:
    assert named_rules(shipped("regular")) == dedent(
        """\
        ema_20_slope_pos
          builtin.ema_20_slope_pos {lookback 8}
        ema200_slope_pos
          builtin.ema200_slope_pos {lookback 13}
        ema200_slope_neg
          builtin.ema200_slope_neg {lookback 21}
        ema20_over_50_with_tolerance
          any
            ema_20_gt_50
            ema_20_minus_ema_50_gt -0.0012
            ema_20_slope_pos
        ema_above_200_with_tolerance
          any
            close_above_ema_200
            close_minus_ema_200_gt -0.003
            ema200_slope_pos
        ema_below_200_with_tolerance
          any
            close_below_ema_200
            close_minus_ema_200_lt 0.0025
            ema200_slope_neg
        price_regime_ok_long
          any
            all
              ema_above_200_with_tolerance
              ema_50_gt_200
            all
              close_above_ema_200
              ema200_slope_pos
        price_regime_ok_short
          any
            all
              ema_below_200_with_tolerance
              ema_50_lt_200
            all
              close_below_ema_200
              ema200_slope_neg
        macd_hist_gt_eps
          builtin.macd_hist_gt_eps {eps 0}
        macd_hist_slope_pos
          builtin.macd_hist_slope_pos {persist_n 2}
        macd_hist_slope_neg
          builtin.macd_hist_slope_neg {persist_n 2}
        atr_rel_in_range_15m
          builtin.atr_rel_in_range_15m {min 0.0008, max 0.06}
        atr_rel_in_range_5m
          builtin.atr_rel_in_range_5m {min 0.0005, max 0.06}
        adx_min_for_trend_1h
          {op >=, left 1h.adx_14, right 20}
        price_gte_ma21_minus_k_atr
          {op >=, left close, right ma_21_minus_1.5atr}
        pullback_confirmed_vwap_short
          all
            close_below_vwap
            near_vwap 0.003
        pullback_confirmed_ma9_21_short
          all
            {op <=, left close, right ma_21, eps_pct 0.0005}
            {op <=, left ma_9, right ma_21, eps_pct 0.0005}
        """
    )


def test_the_sides_of_crash() -> None:
    assert sides(shipped("crash")) == dedent(
        """\
        4h short
          price_regime_ok_short
        1h short
          crash_context_ok
        15m short
          crash_context_ok
          crash_short_pattern_15m
        5m short
          crash_context_ok
          crash_short_pattern_5m
        1m short
          crash_context_ok
          crash_short_pattern_1m
        """
    )


def test_the_rules_of_crash() -> None:
    assert named_rules(shipped("crash")) == dedent(
        """\
        crash_context_ok
          all
            price_regime_ok_short
            ema200_slope_neg
            macd_hist_decreasing_n
            adx_min_for_trend
        price_regime_ok_short
          any
            all
              ema_below_200_with_tolerance
              ema_50_lt_200
            all
              close_below_ema_200
              ema200_slope_neg
        ema_below_200_with_tolerance
          any
            close_below_ema_200
            close_minus_ema_200_lt 0.003
            ema200_slope_neg
        ema200_slope_neg
          builtin.ema200_slope_neg {lookback 21}
        crash_short_pattern_15m
          all
            ema_20_lt_50
            close_below_vwap
            macd_hist_decreasing_n
            atr_rel_in_range_15m
        crash_short_pattern_5m
          all
            ema_20_lt_50
            close_below_vwap
            macd_hist_decreasing_n
            atr_rel_in_range_5m
            volume_ratio_ok
            rsi_5m_gt_floor
        crash_short_pattern_1m
          all
            macd_hist_decreasing_n
            close_below_vwap
            atr_rel_in_range_5m
            volume_ratio_ok
            rsi_1m_lt_extreme
        rsi_5m_gt_floor
          {gt 20, field rsi}
        rsi_1m_lt_extreme
          {lt 10, field rsi}
        rsi_lt_70
          {lt 72, field rsi}
        atr_rel_in_range_15m
          builtin.atr_rel_in_range_15m {min 0.0005, max 0.045}
        atr_rel_in_range_5m
          builtin.atr_rel_in_range_5m {min 0.0005, max 0.045}
        """
    )
