"""Calls about the account: money, positions, modes, leverage, fees."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mtf_adapters.sandbox.faces.bitmart.codes import refuse
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.queries import as_list, most, span_of
from mtf_adapters.sandbox.faces.bitmart.quirks import MostValue
from mtf_adapters.sandbox.faces.bitmart.rows import (
    Held,
    Row,
    asset_row,
    flow_row,
    largest_notional,
    position_risk_row,
    position_row,
    position_v2_row,
)
from mtf_adapters.sandbox.faces.bitmart.words import FLOWS, MARGIN_MODES, POSITION_MODE_WORDS, POSITION_MODES
from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.matching.commands import CloseAll, SetLeverage, SetPositionMode, Transfer
from mtf_core.market import FlowKind, PositionMode, Side

CURRENCY = "USDT"
CLAIMED = Decimal(10_000)
"""What a demo account gets when it asks."""

_FLOW_CODES = {str(code): kind for kind, (code, _) in FLOWS.items()}
_SIDES = {"long": Side.LONG, "short": Side.SHORT}
_INWARDS = {"spot_to_contract": 1, "contract_to_spot": -1, "fund_to_contract": 1, "contract_to_fund": -1}
_USDT_CONTRACTS = 1
_BAD_MARGIN, _BAD_LEVERAGE = 40045, 40040


def assets_detail(desk: Desk) -> list[Row]:
    desk.world.catch_up()
    return [asset_row(desk.world.engine.balance(desk.account), CURRENCY)]


def trade_fee_rate(desk: Desk) -> Row:
    contract = desk.contract(desk.symbol())
    return {
        "symbol": contract.symbol,
        "taker_fee_rate": text(contract.taker_fee),
        "maker_fee_rate": text(contract.maker_fee),
    }


def positions_v2(desk: Desk) -> list[Row] | None:
    return _positions(desk, lambda held: position_v2_row(held, desk.quirks))


def positions(desk: Desk) -> list[Row] | None:
    return _positions(desk, position_row)


def position_risk(desk: Desk) -> list[Row] | None:
    return _positions(desk, lambda held: position_risk_row(held, desk.quirks))


def held_of(desk: Desk, symbol: str | None) -> list[Held]:
    """Held positions; of a symbol that is named also the places that are empty."""
    desk.world.catch_up()
    found = {(each.symbol, each.side): each for each in desk.world.engine.positions(desk.account, symbol) if each.size}
    places = set(found)
    if symbol is not None and desk.mode is PositionMode.HEDGE:
        places |= {(symbol, side) for side in Side}
    elif symbol is not None and not found:
        places = {(symbol, Side.LONG)}
    rows = []
    for name, side in sorted(places):
        position = found.get((name, side))
        leverage, margin_mode = desk.world.engine.leverage(desk.account, name)
        last, mark = desk.last_and_mark(name)
        rows.append(
            Held(
                contract=desk.contract(name),
                side=side,
                mode=desk.mode,
                leverage=position.leverage if position else leverage,
                margin_mode=position.margin_mode if position else margin_mode,
                last=last,
                mark=position.mark_price if position else mark,
                now_ms=desk.now_ms,
                position=position,
            )
        )
    return rows


def get_position_mode(desk: Desk) -> Row:
    return {"position_mode": POSITION_MODE_WORDS[desk.mode]}


def set_position_mode(desk: Desk) -> Row:
    desk.do(SetPositionMode(desk.account, desk.said.required_choice("position_mode", POSITION_MODES)))
    return get_position_mode(desk)


def submit_leverage(desk: Desk) -> Row:
    """Leverage and margin type of the symbol; a leverage that is not named stays."""
    symbol = desk.symbol()
    margin_mode = desk.said.required_choice("open_type", MARGIN_MODES, _BAD_MARGIN)
    so_far, _ = desk.world.engine.leverage(desk.account, symbol)
    leverage = desk.said.decimal("leverage", _BAD_LEVERAGE) or so_far
    desk.do(SetLeverage(desk.account, symbol, leverage, margin_mode))
    contract = desk.contract(symbol)
    by_leverage = desk.quirks.leverage_answer_max is MostValue.LEVERAGE
    return {
        "symbol": symbol,
        "leverage": text(leverage),
        "open_type": str(margin_mode),
        "max_value": text(contract.max_leverage if by_leverage else largest_notional(contract, leverage)),
    }


def transaction_history(desk: Desk) -> list[Row] | None:
    """Bookings, the newest first; times are in milliseconds here."""
    said = desk.said
    symbol = desk.symbol_or_none()
    span = span_of(desk.now_ms, said.whole("start_time", 40039), said.whole("end_time", 40039))
    kind = said.choice("flow_type", {"0": None, **_FLOW_CODES})
    desk.world.catch_up()
    found = [
        flow
        for flow in desk.world.engine.flows(desk.account, desk.now_ms)
        if span.holds(flow.time_ms) and symbol in (None, flow.symbol) and kind in (None, flow.kind)
    ]
    newest = sorted(found, key=lambda flow: (-flow.time_ms, -flow.flow_id))
    page = 100 if not said.has("page_size") else most(desk, "page_size", 1000)
    return as_list(desk, [flow_row(flow, CURRENCY, desk.quirks) for flow in newest[:page]])


def close_all_position(desk: Desk) -> Row:
    if desk.said.required_whole("contractType") != _USDT_CONTRACTS:
        raise refuse(40011)
    desk.do(CloseAll(desk.account, desk.symbol_or_none(), desk.said.choice("position_side", _SIDES)))
    return {}


def claim(desk: Desk) -> Row:
    """A demo account's refill."""
    desk.do(Transfer(desk.account, CLAIMED))
    return {"currency": CURRENCY, "amount": text(CLAIMED)}


def transfer(desk: Desk) -> Row:
    """Between this account and one that the sandbox does not have."""
    said = desk.said
    if said.required_text("currency") != CURRENCY:
        raise refuse(40011)
    amount = said.required_decimal("amount")
    if amount <= 0:
        raise refuse(40011)
    desk.do(Transfer(desk.account, amount * said.required_choice("type", _INWARDS)))
    return {"currency": CURRENCY, "amount": text(amount)}


def transfer_list(desk: Desk) -> Row:
    desk.world.catch_up()
    flows = desk.world.engine.flows(desk.account, desk.now_ms)
    rows = [
        {
            "transfer_id": str(flow.flow_id),
            "currency": CURRENCY,
            "amount": text(abs(flow.amount)),
            "type": "spot_to_contract" if flow.amount > 0 else "contract_to_spot",
            "state": "FINISHED",
            "timestamp": flow.time_ms,
        }
        for flow in reversed(flows)
        if flow.kind is FlowKind.TRANSFER
    ]
    return {"records": rows[: most(desk, "limit", 100)]}


def nothing_listed(_: Desk) -> Row:
    """Lists that are always empty here: repayments, interest."""
    return {"records": [], "total": 0}


def _positions(desk: Desk, row: Callable[[Held], Row]) -> list[Row] | None:
    symbol = desk.symbol_or_none()
    if desk.said.text("account") not in (None, "futures"):
        return as_list(desk, [])
    return as_list(desk, [row(held) for held in held_of(desk, symbol)])
