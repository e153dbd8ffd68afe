"""Answers as the wire sheet shows them."""

from __future__ import annotations

from typing import Any

CONTRACT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "product_type": 1,
    "open_timestamp": 1594080000000,
    "expire_timestamp": 0,
    "settle_timestamp": 0,
    "base_currency": "BTC",
    "quote_currency": "USDT",
    "last_price": "61250.5",
    "volume_24h": "18273645",
    "turnover_24h": "1118764532.11",
    "index_price": "61248.73",
    "index_name": "BTCUSDT",
    "contract_size": "0.001",
    "min_leverage": "1",
    "max_leverage": "100",
    "price_precision": "0.1",
    "vol_precision": "1",
    "max_volume": "500000",
    "market_max_volume": "300000",
    "min_volume": "1",
    "funding_rate": "0.0001",
    "status": "Trading",
    "delist_time": 0,
}
BRACKETS: dict[str, Any] = {
    "rules": [
        {
            "symbol": "BTCUSDT",
            "brackets": [
                {
                    "bracket": 2,
                    "initial_leverage": 25,
                    "notional_cap": "100000",
                    "notional_floor": "10000",
                    "maint_margin_ratio": "0.02",
                    "cum": "100",
                },
                {
                    "bracket": 1,
                    "initial_leverage": 50,
                    "notional_cap": "10000",
                    "notional_floor": "0",
                    "maint_margin_ratio": "0.01",
                    "cum": "0",
                },
            ],
        }
    ]
}
DEPTH: dict[str, Any] = {
    "timestamp": 1767225600456,
    "symbol": "BTCUSDT",
    "asks": [["61250.6", "120", "120"], ["61250.9", "40", "160"]],
    "bids": [["61250.4", "75", "75"], ["61250.1", "210", "285"]],
}
ASSETS: list[dict[str, Any]] = [
    {
        "currency": "USDT",
        "position_deposit": "36.75",
        "frozen_balance": "12.25",
        "available_balance": "951.4",
        "equity": "1000.85",
        "unrealized": "0.45",
    }
]
FEES = {"symbol": "BTCUSDT", "taker_fee_rate": "0.0005", "maker_fee_rate": "0.0001"}
POSITION: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "leverage": "5",
    "timestamp": 1767225600200,
    "current_fee": "0.11",
    "open_timestamp": 1767222000000,
    "current_value": "183.7515",
    "mark_price": "61250.1",
    "mark_value": "183.7503",
    "position_value": "183.3",
    "position_cross": "36.75",
    "maintenance_margin": "0.74",
    "close_vol": "0",
    "close_avg_price": "0",
    "open_avg_price": "61100",
    "entry_price": "61100",
    "current_amount": "3",
    "position_amount": "3",
    "realized_value": "0",
    "unrealized_pnl": "0.4503",
    "liquidation_price": "49123.4",
    "max_notional_value": "5000000",
    "initial_margin": "36.66",
    "open_type": "isolated",
    "position_side": "long",
    "account": "futures",
}
ORDER: dict[str, Any] = {
    "order_id": "3000248810274561",
    "client_order_id": "a1B2c3",
    "price": "61100",
    "size": "3",
    "symbol": "BTCUSDT",
    "state": 2,
    "side": 1,
    "type": "limit",
    "position_mode": "hedge_mode",
    "account": "futures",
    "leverage": "5",
    "open_type": "isolated",
    "deal_avg_price": "61100",
    "deal_size": "1",
    "create_time": 1767225600300,
    "update_time": 1767225601100,
    "preset_take_profit_price_type": 0,
    "preset_take_profit_price": "",
    "preset_stop_loss_price_type": 2,
    "preset_stop_loss_price": "60200",
    "activation_price": "",
    "callback_rate": "",
    "activation_price_type": 0,
    "executive_order_id": "",
}
PAST_ORDER: dict[str, Any] = {
    "order_id": "3000248810274562",
    "client_order_id": "",
    "price": "0",
    "size": "3",
    "deal_size": "3",
    "deal_avg_price": "61251.2",
    "state": 4,
    "side": 3,
    "type": "market",
    "symbol": "BTCUSDT",
    "create_time": 1767225650000,
    "update_time": 1767225650021,
}
STOP: dict[str, Any] = {
    "order_id": "3000248810274580",
    "client_order_id": "sl0001",
    "executive_price": "0",
    "trigger_price": "60200",
    "position_mode": "hedge_mode",
    "symbol": "BTCUSDT",
    "size": "3",
    "mode": 1,
    "price_way": 2,
    "price_type": 2,
    "plan_category": 1,
    "type": "stop_loss",
    "state": 2,
    "side": 3,
    "leverage": "5",
    "open_type": "isolated",
    "create_time": 1767225700000,
    "update_time": 1767225700000,
}
TRADE: dict[str, Any] = {
    "order_id": "3000248810274562",
    "trade_id": "7123456789",
    "symbol": "BTCUSDT",
    "side": 3,
    "price": "61251.2",
    "vol": "3",
    "exec_type": "Taker",
    "profit": True,
    "realised_profit": "0.4536",
    "paid_fees": "0.11025216",
    "account": "futures",
    "create_time": 1767225650020,
}
FLOW: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "flow_type": 3,
    "type": "Funding Fee",
    "amount": "-0.018375",
    "asset": "USDT",
    "account": "futures",
    "time": "1767225600000",
    "tran_id": "77001122334455",
}
