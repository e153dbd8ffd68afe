"""The page on the states of an intent: the one table of what may follow what."""

from __future__ import annotations

from docs.generating.markdown import code, page, table

from mtf_core.orders.states import ENTRY_MOVES, POSITION_MOVES

_INTRODUCTION = """
An order intent is the durable record that an order is about to be, or was, sent. It is two machines side by side: its
entry, and the position that came of it. Whatever is not in these tables does not happen: it raises an alarm, and the
intent stays as it was.
"""
_ENTRY = """
An entry that may be on the exchange ends by evidence alone: an answer, a read, or the operator's word. It is sent from
one state, once.
"""
_POSITION = """
A position is protected once exactly one armed stop of the right side, size and trigger was read back, and over once it
is flat and executions explain all of it.
"""


def intents_page() -> str:
    head = ("state", "cause", "state after")
    entry = ((code(move.before), code(move.cause), code(move.after)) for move in ENTRY_MOVES)
    position = ((code(move.before), code(move.cause), code(move.after)) for move in POSITION_MOVES)
    return page(
        "States of an order intent",
        _INTRODUCTION,
        "## The entry",
        _ENTRY,
        table(head, entry),
        "## The position",
        _POSITION,
        table(head, position),
    )
