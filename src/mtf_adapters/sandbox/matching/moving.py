"""The market moves on: what its prices do to positions and orders."""

from __future__ import annotations

from mtf_adapters.sandbox.matching.instrument import Instrument
from mtf_adapters.sandbox.matching.liquidation import liquidate_due, liquidate_touched
from mtf_adapters.sandbox.matching.matching import fill_resting
from mtf_adapters.sandbox.matching.state import State
from mtf_adapters.sandbox.matching.triggers import watch


def follow_market(state: State, instrument: Instrument) -> None:
    """Margins are looked at first, then what rests, then what waits for a price; nothing while trading stands still.

    What a gap filled far from the mark may have lost its margin already, before anything that waits can save it.
    """
    if not instrument.matches:
        return
    liquidate_due(state, instrument)
    fill_resting(state, instrument)
    liquidate_touched(state)
    watch(state, instrument)
