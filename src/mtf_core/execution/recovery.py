"""Recovery: what tells that a store is behind the exchange, and how an operator ends it.

While an account is in recovery its positions are protected, nothing is cancelled, and nothing is entered. Confirming
says: what the exchange shows is known by now, and the store counts on from beyond it.
"""

from __future__ import annotations

from attrs import evolve, frozen

from mtf_core.execution.desk import Desk
from mtf_core.execution.lately import orders_of_late
from mtf_core.orders.client_ids import read_client_id, store_tag
from mtf_core.orders.reconcile import Difference, Known, differences
from mtf_core.ports import Noted
from mtf_core.records import AuditEvent
from mtf_core.risk import AccountCondition, Standing


@frozen
class Recovery:
    """How the store and the exchange stand to each other."""

    standing: Standing
    counter: int
    """How many intents the store says it committed."""
    highest: int
    """The highest number of ours that anything bears: the store, the mark outside of it, notes, orders. At least 1
    beside another store's orders."""
    is_another_life: bool
    """The database was restored, or is a copy."""
    unknown: tuple[Difference, ...]
    """What the exchange shows and no live intent accounts for."""
    noted: tuple[Noted, ...]
    """Notes on this machine of orders that left, whose intents the store does not know."""

    @property
    def is_needed(self) -> bool:
        return self.standing.condition is not AccountCondition.NORMAL


async def look_into_recovery(desk: Desk) -> Recovery:
    """Reads everything that may know more than the store. Raises `PortError`: then nothing may be confirmed."""
    account = await desk.trading.sync()
    tag, orders = store_tag(desk.identity.store_id), desk.orders
    live = await orders.live()
    shown = await orders_of_late(desk, account)
    identity = await orders.bind(desk.account)
    mark = await desk.high_water.read(desk.account_key)
    noted = tuple([note for note in desk.journal.noted() if await orders.intent(note.decision_key) is None])
    made = [read_client_id(order.client_order_id, desk.ids) for order in shown]
    # Beside another store's orders a store that never committed anything is new; once confirmed it is not any more.
    seen = [one.counter if one.tag == tag else 1 for one in made if one is not None]
    marked = 0 if mark is None else mark.counter
    highest = max(identity.counter, marked, *seen, *(note.intent.counter for note in noted))
    known = Known(
        live=live,
        tag=tag,
        counter=highest,
        ids=desk.ids,
        position_mode=desk.settings.position_mode,
        by_hand=frozenset(desk.settings.account_shared_ok),
    )
    return Recovery(
        standing=await orders.standing(),
        counter=identity.counter,
        highest=highest,
        is_another_life=identity.is_another_life,
        unknown=differences(account, known),
        noted=noted,
    )


async def confirm_recovery(desk: Desk, found: Recovery, actor: str) -> None:
    """Counts on from beyond everything that was found, and sets the standing back; audited."""
    await desk.orders.confirm(found.highest)
    await desk.high_water.hand_over(desk.account_key, evolve(desk.mark, counter=found.highest))
    if found.noted:
        desk.journal.forget()
    why = f"confirmed by {actor}"
    await desk.orders.set_standing(Standing(AccountCondition.NORMAL, desk.now_ms, why))
    details = {
        "was": found.standing.condition.value,
        "why": found.standing.why,
        "counter_before": found.counter,
        "counter": found.highest,
    }
    event = AuditEvent(desk.environment.wall.now_ms(), actor, "recovery_confirmed", desk.account, {**details})
    await desk.environment.stores.audit.append([event])
