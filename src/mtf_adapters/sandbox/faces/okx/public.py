"""Calls about the market, for everyone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from mtf_adapters.sandbox.faces.funding import funding_rates, next_funding_ms
from mtf_adapters.sandbox.faces.last_day import last_day
from mtf_adapters.sandbox.faces.numbers import price_text, text
from mtf_adapters.sandbox.faces.okx.codes import bad, missing
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.quirks import Quirks
from mtf_adapters.sandbox.faces.okx.rows import Row, digest_of
from mtf_adapters.sandbox.faces.okx.words import STATES
from mtf_adapters.sandbox.matching.commands import Level
from mtf_adapters.sandbox.quoting import on_tick
from mtf_adapters.sandbox.world import World
from mtf_core.market import DAY_MS, HOUR_MS, Contract, ContractStatus, on_grid_at_or_above, on_grid_at_or_below

_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
_MOST_LEVELS = 400
_FIRST_FEE_GROUP = 4
_FUNDING_LIMIT = "0.015"
_LARGEST_USD = "20000000"


def server_time(desk: Desk) -> list[Row]:
    return [{"ts": str(desk.now_ms + desk.quirks.clock_skew_ms)}]


def system_status(desk: Desk) -> list[Row]:
    """One upkeep long past."""
    begin = desk.now_ms // DAY_MS * DAY_MS - 7 * DAY_MS
    row = {
        "title": "Trading system upgrade",
        "state": "completed",
        "begin": str(begin),
        "end": str(begin + HOUR_MS),
        "preOpenBegin": "",
        "href": "",
        "serviceType": "5",
        "system": "unified",
        "scheDesc": "",
        "maintType": "1",
        "env": "2",
    }
    return [row] if desk.said.text("state") in (None, "completed") else []


def nothing(_: Desk) -> list[Row]:
    """Lists that are always empty here."""
    return []


def contracts_of(desk: Desk, *, needs_type: bool) -> list[Contract]:
    """The listed contracts that a call means by kind, family or id; raises 51001 for an id that is not there."""
    said = desk.said
    inst_type = said.text("instType")
    if inst_type is None and needs_type:
        raise missing("instType")
    if inst_type is not None and inst_type not in _TYPES:
        raise bad("instType")
    families = (said.text("instFamily") or said.text("uly") or "").split(",")
    symbol = desk.symbol_or_none()
    desk.world.catch_up()
    return [
        each
        for each in desk.world.market.contracts(desk.now_ms)
        if inst_type in (None, product_of(each).inst_type)
        and (families == [""] or product_of(each).family in families)
        and symbol in (None, each.symbol)
    ]


def instruments(desk: Desk) -> list[Row]:
    groups = fee_groups(desk.world, desk.now_ms)
    return [instrument_row(desk.world, each, groups, desk.quirks) for each in contracts_of(desk, needs_type=True)]


def fee_groups(world: World, now_ms: int) -> dict[tuple[Decimal, Decimal], str]:
    """Numbers of the groups of contracts that pay the same."""
    fees = sorted({(each.maker_fee, each.taker_fee) for each in world.market.contracts(now_ms)})
    return {pair: str(_FIRST_FEE_GROUP + number) for number, pair in enumerate(fees)}


def instrument_row(world: World, contract: Contract, groups: dict[tuple[Decimal, Decimal], str], quirks: Quirks) -> Row:
    """One contract; its status is the engine's, which may have been changed by hand."""
    known = world.engine.contract(contract.symbol)
    status = known.status if known else contract.status
    product = product_of(contract)
    row = {
        "instType": product.inst_type,
        "instId": contract.symbol,
        "state": STATES[status],
        "instFamily": product.family,
        "uly": product.family,
        "category": "1",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": product.settle_currency,
        "ctVal": text(contract.contract_size),
        "ctMult": "1",
        "ctValCcy": contract.base_currency,
        "ctType": "linear",
        "optType": "",
        "stk": "",
        "listTime": str(contract.opened_at_ms),
        "contTdSwTime": "",
        "preMktSwTime": "",
        "openType": "",
        "expTime": str(contract.expires_at_ms) if contract.expires_at_ms else "",
        "lever": text(contract.max_leverage),
        "tickSz": text(contract.tick_size),
        "lotSz": text(contract.size_step),
        "minSz": text(contract.min_size),
        "alias": "",
        "ruleType": product.rule_type,
        "maxLmtSz": text(contract.max_size),
        "maxMktSz": text(contract.max_market_size),
        "maxStopSz": text(contract.max_market_size),
        "maxTriggerSz": text(contract.max_size),
        "maxTwapSz": text(contract.max_size),
        "maxIcebergSz": text(contract.max_size),
        "maxLmtAmt": _LARGEST_USD,
        "maxMktAmt": "",
        "posLmtAmt": "",
        "posLmtPct": "",
        "maxPlatOILmt": "",
        "instCategory": "1",
        "groupId": groups.get((contract.maker_fee, contract.taker_fee), str(_FIRST_FEE_GROUP)),
        "upcChg": [],
        "tradeQuoteCcyList": [],
        "futureSettlement": False,
        "auctionEndTime": "",
    }
    if status is ContractStatus.PRE_LAUNCH:
        kept = ("instType", "instId", "state", "instFamily", "uly", "ruleType")
        row = {name: value if name in kept else type(value)() for name, value in row.items()}
    return {**row, "instIdCode": None if quirks.contract_codes_missing else _inst_id_code(contract.symbol)}


def _inst_id_code(symbol: str) -> int:
    return 2_021_000_000 + digest_of(symbol) % 10**9


def position_tiers(desk: Desk) -> list[Row]:
    if not desk.said.has("instFamily") and not desk.said.has("uly"):
        raise missing("instFamily")
    desk.said.required_text("instType")
    desk.said.required_text("tdMode")
    return [row for each in contracts_of(desk, needs_type=True) for row in _tier_rows(each)]


def _tier_rows(contract: Contract) -> Iterable[Row]:
    product = product_of(contract)
    for number, bracket in enumerate(contract.brackets, start=1):
        yield {
            "instType": product.inst_type,
            "instFamily": product.family,
            "uly": product.family,
            "instId": "",
            "tier": str(number),
            "minSz": text(bracket.notional_floor + contract.size_step if number > 1 else Decimal(0)),
            "maxSz": text(bracket.notional_cap),
            "mmr": text(bracket.maintenance_margin_ratio),
            "imr": text(Decimal(1) / bracket.max_leverage),
            "maxLever": text(bracket.max_leverage),
            "optMgnFactor": "0",
            "quoteMaxLoan": "",
            "baseMaxLoan": "",
        }


def mark_price(desk: Desk) -> list[Row]:
    rows = []
    for each in contracts_of(desk, needs_type=True):
        _, mark = desk.last_and_mark(each.symbol)
        if mark > 0:
            kind = product_of(each).inst_type
            rows.append({"instType": kind, "instId": each.symbol, "markPx": text(mark), "ts": str(desk.now_ms)})
    return rows


def price_limit(desk: Desk) -> list[Row]:
    contract = desk.named_contract()
    most, least = price_limits(desk, contract)
    row = {"buyLmt": text(most), "sellLmt": text(least), "enabled": True}
    kind = product_of(contract).inst_type
    return [{"instType": kind, "instId": contract.symbol, **row, "ts": str(desk.now_ms)}]


def price_limits(desk: Desk, contract: Contract) -> tuple[Decimal, Decimal]:
    """The highest price to buy at and the lowest to sell at."""
    last = desk.tick(contract.symbol).last
    band, tick = desk.quirks.price_band, contract.tick_size
    return on_grid_at_or_below(last * (1 + band), tick), on_grid_at_or_above(last * (1 - band), tick)


def funding_rate(desk: Desk) -> list[Row]:
    """Of one contract, or of every one where `ANY` is asked for."""
    if desk.said.text("instId") == "ANY":
        desk.world.catch_up()
        asked: Sequence[Contract] = desk.world.market.contracts(desk.now_ms)
    else:
        asked = [desk.named_contract()]
    return [funding_row(desk.world, each, desk.now_ms) for each in asked]


def funding_row(world: World, contract: Contract, now_ms: int) -> Row:
    settled, coming = funding_rates(world, contract.symbol, now_ms)
    due = next_funding_ms(world, now_ms)
    return {
        "instType": product_of(contract).inst_type,
        "instId": contract.symbol,
        "method": "current_period",
        "formulaType": "noRate",
        "fundingRate": text(coming),
        "nextFundingRate": "",
        "fundingTime": str(due),
        "nextFundingTime": str(due + world.funding_interval_ms),
        "minFundingRate": f"-{_FUNDING_LIMIT}",
        "maxFundingRate": _FUNDING_LIMIT,
        "interestRate": "",
        "impactValue": "",
        "settState": "settled",
        "settFundingRate": text(settled),
        "premium": "0",
        "ts": str(now_ms),
    }


def funding_rate_history(desk: Desk) -> list[Row]:
    """The newest first."""
    contract, interval = desk.named_contract(), desk.world.funding_interval_ms
    kind = product_of(contract).inst_type
    last = desk.now_ms // interval * interval
    count = min(desk.said.whole("limit") or 400, 400)
    older, newer = desk.said.whole("after"), desk.said.whole("before")
    rows: list[Row] = []
    for time_ms in (last - number * interval for number in range(90 * DAY_MS // interval)):
        if len(rows) == count or (newer is not None and time_ms <= newer):
            break
        if older is None or time_ms < older:
            rate = text(desk.world.funding_rate(contract.symbol, time_ms))
            shown = {"fundingRate": rate, "realizedRate": rate, "fundingTime": str(time_ms), "method": "current_period"}
            rows.append({"instType": kind, "instId": contract.symbol, **shown, "formulaType": "noRate"})
    return rows


def ticker(desk: Desk) -> list[Row]:
    contract = desk.named_contract()
    desk.tick(contract.symbol)
    return [row for row in [ticker_row(desk, contract)] if row]


def tickers(desk: Desk) -> list[Row]:
    """Contracts that show no market have no row."""
    return [row for each in contracts_of(desk, needs_type=True) if (row := ticker_row(desk, each))]


def ticker_row(desk: Desk, contract: Contract) -> Row:
    """Empty where there is no market."""
    world, now_ms = desk.world, desk.now_ms
    best = _best(desk, contract)
    if best is None:
        return {}
    bid, ask, last = best
    day = last_day(world, contract, now_ms)
    tick = contract.tick_size
    high, low = (float(day.high.max()), float(day.low.min())) if len(day) else (float(last), float(last))
    volume = Decimal(int(day.volume.sum()))
    return {
        "instType": product_of(contract).inst_type,
        "instId": contract.symbol,
        "last": text(last),
        "lastSz": text(contract.size_step),
        "askPx": text(ask.price),
        "askSz": text(ask.size),
        "bidPx": text(bid.price),
        "bidSz": text(bid.size),
        "open24h": price_text(float(day.open[0]), tick) if len(day) else text(last),
        "high24h": text(on_tick(high, tick)),
        "low24h": text(on_tick(low, tick)),
        "volCcy24h": text(volume * contract.contract_size),
        "vol24h": text(volume),
        "sodUtc0": price_text(float(day.open[0]), tick) if len(day) else text(last),
        "sodUtc8": price_text(float(day.open[0]), tick) if len(day) else text(last),
        "ts": str(now_ms),
    }


def _best(desk: Desk, contract: Contract) -> tuple[Level, Level, Decimal] | None:
    """Best bid, best ask and last; of a contract that nobody uses, as the market shows it, without a book's depth."""
    world = desk.world
    if contract.symbol in world.engine.symbols_in_use():
        tick = world.engine.tick(contract.symbol)
        if tick is not None and tick.bids and tick.asks:
            return tick.bids[0], tick.asks[0], tick.last
    last, _ = desk.last_and_mark(contract.symbol)
    if last <= 0:
        return None
    prices = world.market.moment(contract.symbol, desk.now_ms).prices
    step = contract.size_step
    return Level(prices.bid, 100 * step), Level(prices.ask, 100 * step), prices.last


def books(desk: Desk) -> list[Row]:
    contract = desk.named_contract()
    tick = desk.tick(contract.symbol)
    levels = max(1, min(desk.said.whole("sz") or 1, _MOST_LEVELS))
    return [book_row(tick.asks[:levels], tick.bids[:levels], desk.now_ms)]


def book_row(asks: Sequence[Level], bids: Sequence[Level], now_ms: int) -> Row:
    return {
        "asks": [_level(each) for each in asks],
        "bids": [_level(each) for each in bids],
        "ts": str(now_ms),
        "seqId": now_ms,
    }


def _level(level: Level) -> list[str]:
    return [text(level.price), text(level.size), "0", "1"]
