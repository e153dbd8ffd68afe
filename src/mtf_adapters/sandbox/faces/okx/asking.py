"""What calls that place anything say alike: whose position, which margin, which ids."""

from __future__ import annotations

import re
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.okx.codes import bad, missing, refuse
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.quirks import CLIENT_ID_ALPHABET, CLIENT_ID_CHARACTERS
from mtf_adapters.sandbox.faces.okx.words import ACTIONS, MARGIN_MODES, NET, SIDES
from mtf_adapters.sandbox.matching.commands import Action
from mtf_core.market import Contract, MarginMode, PositionMode, Side

_SPOT_LEVEL = 1
_TAG_CHARACTERS = 16


@frozen
class Way:
    """What an order does, as the engine wants to hear it."""

    action: Action
    side: Side | None
    """Of the position that is meant; None on a one-way account."""
    reduces: bool


def way_of(desk: Desk) -> Way:
    """In hedge mode side and posSide say whether it opens or reduces, in net mode `reduceOnly` does."""
    action = desk.said.required_choice("side", ACTIONS)
    named = desk.said.text("posSide")
    if desk.mode is PositionMode.ONE_WAY:
        if named not in (None, NET):
            raise bad("posSide")
        return Way(action, None, desk.said.flag("reduceOnly"))
    if named is None or named not in SIDES:
        raise bad("posSide")
    side = SIDES[named]
    return Way(action, side, reduces=(action is Action.BUY) is (side is Side.SHORT))


def margin_of(desk: Desk) -> MarginMode:
    if desk.quirks.account_level == _SPOT_LEVEL:
        raise refuse(51010)
    mode = desk.said.required_choice("tdMode", MARGIN_MODES)
    if mode is MarginMode.ISOLATED and not desk.quirks.isolated_taken:
        raise refuse(50072)
    return mode


def size_of(desk: Desk, contract: Contract, *, at_market: bool) -> Decimal:
    """Contracts, on the contract's grid and within its limits."""
    size = desk.said.required_decimal("sz")
    if size <= 0:
        raise bad("sz")
    if size % contract.size_step:
        raise refuse(51121)
    if size < contract.min_size:
        raise refuse(51020)
    if at_market and size > contract.max_market_size:
        raise refuse(51202)
    if size > contract.max_size:
        raise refuse(51005)
    return size


def price_of(desk: Desk, name: str) -> Decimal:
    """A price that is required."""
    price = desk.said.decimal(name)
    if price is None:
        raise missing(name)
    if price <= 0:
        raise bad(name)
    return price


def order_price_of(desk: Desk, name: str) -> Decimal | None:
    """What a waiting order places in the end; None, as `-1` says it: at market."""
    price = desk.said.decimal(name)
    if price is None or price == -1:
        return None
    if price <= 0:
        raise bad(name)
    return price


def client_id_of(desk: Desk, name: str) -> str:
    found = desk.said.text(name) or ""
    if not re.fullmatch(f"[{CLIENT_ID_ALPHABET}]{{0,{CLIENT_ID_CHARACTERS}}}", found):
        raise bad(name)
    return found


def tag_of(desk: Desk) -> str:
    found = desk.said.text("tag") or ""
    if not re.fullmatch(f"[A-Za-z0-9]{{0,{_TAG_CHARACTERS}}}", found):
        raise bad("tag")
    return found
