"""Names of topics."""

import pytest

from mtf_adapters.sandbox.faces.bitmart.topics import Channel, parse_topic


@pytest.mark.parametrize(
    ("name", "channel", "symbol", "number"),
    [
        ("futures/ticker:BTCUSDT", Channel.TICKER, "BTCUSDT", 0),
        ("futures/ticker", Channel.TICKER, None, 0),
        ("futures/klineBin1H:BTCUSDT", Channel.KLINE, "BTCUSDT", 60),
        ("futures/markPriceKlineBin1m:BTCUSDT", Channel.MARK_KLINE, "BTCUSDT", 1),
        ("futures/depth50:BTCUSDT", Channel.DEPTH, "BTCUSDT", 50),
        ("futures/depthAll20:BTCUSDT@200ms", Channel.DEPTH_ALL, "BTCUSDT", 20),
        ("futures/depthIncrease5:BTCUSDT@100ms", Channel.DEPTH_INCREASE, "BTCUSDT", 5),
        ("futures/asset:USDT", Channel.ASSET, "USDT", 0),
        ("futures/position", Channel.POSITION, None, 0),
        ("futures/order", Channel.ORDER, None, 0),
    ],
)
def test_a_topic_is_read(name: str, channel: Channel, symbol: str | None, number: int):
    topic = parse_topic(name)
    assert topic is not None
    assert (topic.channel, topic.symbol, topic.number) == (channel, symbol, number)


@pytest.mark.parametrize(
    "name",
    [
        "futures/klineBin1h:BTCUSDT",
        "futures/klineBin3m:BTCUSDT",
        "futures/klineBin6H:BTCUSDT",
        "futures/depth7:BTCUSDT",
        "futures/depth5",
        "futures/ticker:BTCUSDT@100ms",
        "futures/unicast",
        "spot/ticker:BTC_USDT",
        "",
    ],
)
def test_a_topic_that_there_is_not_is_none(name: str):
    assert parse_topic(name) is None


def test_a_pace_sets_how_often_a_book_is_sent():
    paced, plain = parse_topic("futures/depth5:X@100ms"), parse_topic("futures/depth5:X")
    assert paced is not None
    assert plain is not None
    assert (paced.period_ms, plain.period_ms) == (100, 500)
