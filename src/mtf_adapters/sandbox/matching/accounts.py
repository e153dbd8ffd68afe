"""Accounts: how they appear, their money, their modes and leverages."""

from __future__ import annotations

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.commands import OpenAccount, SetPositionMode, Transfer
from mtf_adapters.sandbox.matching.events import Accepted, Answer, Refusal, Refused
from mtf_adapters.sandbox.matching.margins import free_margin
from mtf_adapters.sandbox.matching.money import GRAIN, is_multiple, is_usable
from mtf_adapters.sandbox.matching.state import State
from mtf_core.market import FlowKind


def open_account(state: State, command: OpenAccount) -> Answer:
    if command.account in state.accounts:
        return Refused(Refusal.INVALID, f"there is an account {command.account} already")
    if not is_usable(command.balance) or command.balance < 0 or not is_multiple(command.balance, GRAIN):
        return Refused(Refusal.INVALID, f"a balance is a multiple of {GRAIN}, not below zero")
    account = AccountBook(command.account, command.position_mode)
    state.accounts[command.account] = account
    state.journal.book(account, FlowKind.TRANSFER, "", command.balance)
    return Accepted()


def transfer(state: State, account: AccountBook, command: Transfer) -> Answer:
    """What is free may go, no more."""
    if not is_usable(command.amount) or not is_multiple(command.amount, GRAIN):
        return Refused(Refusal.INVALID, f"an amount is a multiple of {GRAIN}")
    if command.amount < 0 and free_margin(state, account) + command.amount < 0:
        return Refused(Refusal.NOT_ENOUGH_BALANCE, "less than that is free")
    state.journal.book(account, FlowKind.TRANSFER, "", command.amount)
    return Accepted()


def set_position_mode(state: State, account: AccountBook, command: SetPositionMode) -> Answer:
    if command.mode is account.position_mode:
        return Accepted()
    if not account.is_idle:
        return Refused(Refusal.POSITION_OR_ORDERS_OPEN, "the mode changes only without positions and orders")
    account.position_mode = command.mode
    return Accepted()
