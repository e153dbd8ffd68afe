"""Calls about the account: money, positions, modes, leverage, fees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from zlib import crc32

from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.faces.okx.codes import bad, refuse
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.holding_rows import Held, account_row, coin_row, position_row
from mtf_adapters.sandbox.faces.okx.limits import ACCOUNT_LIMIT
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.public import contracts_of, fee_groups
from mtf_adapters.sandbox.faces.okx.quirks import Quirks, Sides, Sold
from mtf_adapters.sandbox.faces.okx.rows import FIRST_BILL_ID, Row
from mtf_adapters.sandbox.faces.okx.words import MARGIN_MODES, NET, POSITION_MODE_WORDS, POSITION_MODES
from mtf_adapters.sandbox.matching.commands import SetLeverage, SetPositionMode
from mtf_adapters.sandbox.matching.events import FlowView, OrderFamily, Refusal
from mtf_core.market import FlowKind, MarginMode, PositionMode, Side

_FIRST_UID = 44_705_892_343_000_000
_ZERO = Decimal(0)
_SPOT_LEVEL, _PORTFOLIO_LEVEL = 1, 4


def rate_limit(desk: Desk) -> list[Row]:
    """What the account may place and amend; its fill ratio is not imitated, and told as nothing."""
    allowed = str(ACCOUNT_LIMIT.requests)
    return [
        {
            "accRateLimit": allowed,
            "nextAccRateLimit": allowed,
            "fillRatio": "",
            "mainFillRatio": "",
            "ts": str(desk.now_ms),
        }
    ]


def currency_of(quirks: Quirks) -> str:
    """The coin of all the account's money."""
    return "USD" if quirks.sells is Sold.XPERP else "USDT"


def _uid_of(account: str) -> str:
    """The number by which OKX knows an account."""
    return str(_FIRST_UID + crc32(account.encode()))


def config(desk: Desk) -> list[Row]:
    return [
        {
            "uid": _uid_of(desk.account),
            "mainUid": _uid_of(desk.account),
            "acctLv": str(desk.quirks.account_level),
            "posMode": POSITION_MODE_WORDS[desk.mode],
            "autoLoan": False,
            "greeksType": "PA",
            "level": "Lv1",
            "levelTmp": "",
            "ctIsoMode": "automatic",
            "mgnIsoMode": "automatic",
            "acctStpMode": "cancel_maker",
            "roleType": "0",
            "traderInsts": [],
            "spotRoleType": "0",
            "spotTraderInsts": [],
            "opAuth": "0",
            "kycLv": "3",
            "label": "sandbox",
            "ip": "",
            "perm": "read_only,trade",
            "liquidationGear": "-1",
            "enableSpotBorrow": False,
            "spotBorrowAutoRepay": False,
            "type": "0",
            "settleCcy": currency_of(desk.quirks),
            "settleCcyList": [currency_of(desk.quirks)],
            "feeType": "0",
        }
    ]


def set_position_mode(desk: Desk) -> list[Row]:
    mode = desk.said.required_choice("posMode", POSITION_MODES)
    desk.do(SetPositionMode(desk.account, mode))
    return [{"posMode": POSITION_MODE_WORDS[mode]}]


def balance(desk: Desk) -> list[Row]:
    desk.world.catch_up()
    money = desk.world.engine.balance(desk.account)
    currency = currency_of(desk.quirks)
    wanted = (desk.said.text("ccy") or currency).split(",")
    has_any = bool(money.wallet or money.equity)
    kept = sum((each.maintenance_margin for each in desk.world.engine.positions(desk.account)), _ZERO)
    coins = [coin_row(money, currency, kept, desk.now_ms)] if has_any and currency in wanted else []
    return [account_row(coins, money.equity, desk.now_ms)]


def positions(desk: Desk) -> list[Row]:
    """What is held; a place that is asked for by name may come although it is empty."""
    said = desk.said
    symbols = [desk.contract(each).symbol for each in (said.text("instId") or "").split(",") if each]
    kind, number = said.text("instType"), said.text("posId")
    rows = [position_row(each) for each in held_of(desk, symbols)]
    return [row for row in rows if kind in (None, row["instType"]) and number in (None, row["posId"])]


def held_of(desk: Desk, symbols: Sequence[str] = ()) -> list[Held]:
    """Of the symbols, or of all; of symbols that are named also the places that were held once."""
    desk.world.catch_up()
    engine = desk.world.engine
    held = [each for each in engine.positions(desk.account) if each.size and (not symbols or each.symbol in symbols)]
    found = [desk.held(each.symbol, each.side, each) for each in held]
    taken = {(each.symbol, each.side) for each in held}
    for symbol in symbols if desk.quirks.closed_position_shown else ():
        if desk.mode is PositionMode.ONE_WAY and any(name == symbol for name, _ in taken):
            continue
        once = sorted({fill.side for fill in engine.fills(desk.account, symbol, desk.now_ms)})
        empty = [side for side in once if (symbol, side) not in taken]
        found += [desk.held(symbol, side, None) for side in (empty if desk.mode is PositionMode.HEDGE else empty[:1])]
    return found


def leverage_info(desk: Desk) -> list[Row]:
    symbols = [desk.contract(each).symbol for each in desk.said.required_text("instId").split(",")]
    mode = desk.said.required_choice("mgnMode", MARGIN_MODES)
    by_side = desk.mode is PositionMode.HEDGE and desk.quirks.leverage_sides is Sides.EACH
    sides = [str(side) for side in Side] if by_side else [NET]
    rows = []
    for symbol in symbols:
        lever = text(desk.world.engine.leverage(desk.account, symbol)[0])
        rows += [{"instId": symbol, "ccy": "", "mgnMode": str(mode), "posSide": side, "lever": lever} for side in sides]
    return rows


def set_leverage(desk: Desk) -> list[Row]:
    """Of a contract, on both its sides; nothing may wait on it."""
    said = desk.said
    contract = desk.named_contract()
    lever = said.required_decimal("lever")
    mode = said.required_choice("mgnMode", MARGIN_MODES)
    if desk.quirks.account_level == _PORTFOLIO_LEVEL:
        raise refuse(51010)
    if mode is MarginMode.ISOLATED and not desk.quirks.isolated_taken:
        raise refuse(50072)
    if lever < 1:
        raise refuse(59105)
    if lever > contract.max_leverage:
        raise refuse(59102)
    as_set = desk.world.engine.leverage(desk.account, contract.symbol)
    if not (as_set == (lever, mode) and desk.quirks.same_leverage_passes):
        _nothing_waits(desk, contract.symbol, mode)
    busy = {Refusal.LEVERAGE_DIFFERS: 59101, Refusal.LEVERAGE_OUT_OF_RANGE: 59102}
    desk.do(SetLeverage(desk.account, contract.symbol, lever, mode), busy)
    side = said.text("posSide") or ""
    return [{"instId": contract.symbol, "lever": text(lever), "mgnMode": str(mode), "posSide": side or NET}]


def _nothing_waits(desk: Desk, symbol: str, mode: MarginMode) -> None:
    live = desk.live(symbol)
    cross = mode is MarginMode.CROSS
    if any(order.family is not OrderFamily.ORDER for order in live):
        raise refuse(59669 if cross else 59668)
    if live:
        raise refuse(59107 if cross else 59101)


def max_size(desk: Desk) -> list[Row]:
    """What is free for margin, at the leverage that is set or asked about."""
    rows = []
    for symbol in desk.said.required_text("instId").split(","):
        contract = desk.contract(symbol)
        desk.said.required_choice("tdMode", MARGIN_MODES)
        lever = desk.said.decimal("leverage") or desk.world.engine.leverage(desk.account, symbol)[0]
        price = desk.said.decimal("px") or desk.tick(symbol).last
        if price <= 0 or lever <= 0:
            raise bad("px")
        free = desk.world.engine.balance(desk.account).available
        per_contract = contract.contract_size * price * (1 / lever + contract.taker_fee)
        most = min(free / per_contract, contract.max_size) // contract.size_step * contract.size_step
        currency = product_of(contract).settle_currency
        rows.append({"instId": symbol, "ccy": currency, "maxBuy": text(most), "maxSell": text(most)})
    return rows


def trade_fee(desk: Desk) -> list[Row]:
    """By groups of contracts; negative is what one pays."""
    kind = desk.said.required_text("instType")
    asked = contracts_of(desk, needs_type=True)
    groups = fee_groups(desk.world, desk.now_ms)
    shown = sorted({(each.maker_fee, each.taker_fee) for each in asked})
    maker, taker = (shown[0][0], shown[0][1]) if shown else (_ZERO, _ZERO)
    group_rows = [{"groupId": groups[pair], "maker": text(-pair[0]), "taker": text(-pair[1])} for pair in shown]
    return [
        {
            "level": "Lv1",
            "feeGroup": group_rows,
            "maker": text(-maker),
            "taker": text(-taker),
            "makerU": text(-maker),
            "takerU": text(-taker),
            "makerUSDC": "",
            "takerUSDC": "",
            "delivery": "",
            "exercise": "",
            "instType": kind,
            "category": "1",
            "ruleType": "normal",
            "fiat": [],
            "settle": "",
            "ts": str(desk.now_ms),
        }
    ]


def bills(desk: Desk) -> list[Row]:
    """Bookings, the newest first; fees and profits of executions apart."""
    said = desk.said
    begin, end = said.whole("begin"), said.whole("end")
    kind, sub_kind, symbol = said.text("type"), said.text("subType"), said.text("instId")
    most = max(1, min(said.whole("limit") or 100, 100))
    older, newer = said.whole("after"), said.whole("before")
    desk.world.catch_up()
    rows = []
    for flow in reversed(desk.world.engine.flows(desk.account, desk.now_ms)):
        row = bill_row(flow, currency_of(desk.quirks))
        number = int(row["billId"])
        if (
            (begin is None or flow.time_ms >= begin)
            and (end is None or flow.time_ms <= end)
            and kind in (None, row["type"])
            and sub_kind in (None, row["subType"])
            and symbol in (None, flow.symbol)
            and (older is None or number < older)
            and (newer is None or number > newer)
        ):
            rows.append(row)
    return rows[:most]


def bill_row(flow: FlowView, currency: str) -> Row:
    kind, sub_kind = _BILLS[flow.kind][0], _BILLS[flow.kind][1 if flow.amount < 0 else 2]
    has_pnl = flow.kind in (FlowKind.FUNDING, FlowKind.REALISED_PROFIT, FlowKind.LIQUIDATION)
    return {
        "billId": str(FIRST_BILL_ID // 2 + flow.flow_id),
        "type": kind,
        "subType": sub_kind,
        "instType": "SWAP" if flow.symbol.endswith("-SWAP") else "FUTURES" if flow.symbol else "",
        "instId": flow.symbol,
        "ccy": currency,
        "balChg": text(flow.amount),
        "bal": "",
        "sz": "",
        "px": "",
        "pnl": text(flow.amount) if has_pnl else "0",
        "fee": text(flow.amount) if flow.kind is FlowKind.FEE else "0",
        "mgnMode": "cross" if flow.symbol else "",
        "ordId": "",
        "clOrdId": "",
        "tradeId": "",
        "execType": "",
        "from": "",
        "to": "",
        "notes": "",
        "interest": "0",
        "tag": "",
        "ts": str(flow.time_ms),
    }


_BILLS: dict[FlowKind, tuple[str, str, str]] = {
    FlowKind.TRANSFER: ("1", "12", "11"),
    FlowKind.REALISED_PROFIT: ("2", "6", "5"),
    FlowKind.FEE: ("2", "2", "1"),
    FlowKind.FUNDING: ("8", "173", "174"),
    FlowKind.LIQUIDATION: ("5", "105", "104"),
}
"""Type, and what is under it for money that went and for money that came."""
