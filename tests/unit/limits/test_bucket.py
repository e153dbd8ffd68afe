"""Limits as settings override them."""

from __future__ import annotations

import pytest

from mtf_adapters.limits import Bucket, BucketTable, InvalidRateError, Scope

TABLE = BucketTable(
    {
        "kline": Bucket("kline", 12, 2000, Scope.IP),
        "submit-order": Bucket("submit-order", 24, 2000, Scope.KEY, exits_share=0.25),
    },
    group="BITMART",
)


def test_a_setting_replaces_the_limit_of_its_bucket_alone() -> None:
    table = TABLE.overridden({"BITMART_RATE_KLINE": "40/500ms", "OKX_RATE_KLINE": "1/1s", "PATH": "/bin"})
    assert (table.buckets["kline"].limit, table.buckets["kline"].window_ms) == (40, 500)
    assert table.buckets["submit-order"] == TABLE.buckets["submit-order"]


@pytest.mark.parametrize(("text", "window_ms"), [("6/2", 2000), ("6/2s", 2000), ("6/0.5s", 500), (" 6 / 1m ", 60_000)])
def test_a_window_is_seconds_unless_it_says_otherwise(text: str, window_ms: int) -> None:
    assert TABLE.overridden({"BITMART_RATE_KLINE": text}).buckets["kline"].window_ms == window_ms


def test_a_bucket_of_several_words_is_named_with_underscores() -> None:
    table = TABLE.overridden({"BITMART_RATE_SUBMIT_ORDER": "10/2s"})
    assert table.buckets["submit-order"].limit == 10
    assert table.buckets["submit-order"].exits_share == 0.25


def test_the_default_of_a_group_lowers_what_is_faster_and_leaves_what_is_slower() -> None:
    table = TABLE.overridden({"BITMART_RATE_DEFAULT": "14/2s"})
    assert table.buckets["kline"].limit == 12
    assert table.buckets["submit-order"].limit == 14


@pytest.mark.parametrize("text", ["", "12", "0/2s", "12/0", "-1/2s", "a/b", "12/2h", "1e3/2s", "12/2s/3"])
def test_what_is_no_rate_is_refused_with_its_setting_and_an_example(text: str) -> None:
    with pytest.raises(InvalidRateError, match=r"BITMART_RATE_KLINE: .* is no rate; write .* like 12/2s"):
        TABLE.overridden({"BITMART_RATE_KLINE": text})


def test_a_bucket_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidRateError, match=r"BITMART_RATE_KLINES: there is no such bucket; known: KLINE, SUBMIT_O"):
        TABLE.overridden({"BITMART_RATE_KLINES": "12/2s"})


def test_exits_never_take_the_whole_limit_from_others() -> None:
    assert Bucket("cancel-orders", 2, 2000, Scope.KEY, exits_share=0.9).for_others == 1
    with pytest.raises(ValueError, match="leaves nothing to others"):
        Bucket("cancel-orders", 2, 2000, Scope.KEY, exits_share=1.0)
