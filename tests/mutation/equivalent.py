"""Mutants that change nothing that anybody could notice, each with the reason. They count neither way."""

_MEMORY = "how many stored executions are remembered is a bound of memory: the store keeps each once, one more or less"
_ALLOWANCE = "an allowance that is a thousandth longer or shorter: what was there in time is there a thousandth earlier"
_EPOCH = "an instant of 1970, or a millisecond beside it: every instant of an exchange is later than both"
_SIDE = "a side's sign is 1 or -1, and nothing lies between: both comparisons tell them apart alike"
_STREAK = "how many trades are read back: what lost one after the other is counted up to the first that did not lose"
_ONE_ID = "which id is made is not looked at: an id of ours has the same length whatever it is of"

EQUIVALENT: dict[str, str] = {
    "execution/looking.py -: constant: 10000 → 10001": _MEMORY,
    "execution/looking.py -: constant: 10000 → 9999": _MEMORY,
    "execution/looking.py Looker._judge: comparison: len(self._booked_fills) > _MOST_FILLS → "
    "len(self._booked_fills) >= _MOST_FILLS": _MEMORY,
    "execution/looking.py Looker._act: constant: 0 → -1 #3": "a look that is due now, or was a moment ago, begins over",
    "execution/waking.py _Bell.heard_within: constant: 1000 → 1001": _ALLOWANCE,
    "execution/waking.py _Bell.heard_within: constant: 1000 → 999": _ALLOWANCE,
    "execution/losses.py lost_in_a_row: constant: 0 → 1 #2": _EPOCH,
    "execution/losses.py lost_in_a_row: constant: 0 → -1 #2": _EPOCH,
    "execution/losses.py lost_in_a_row: constant: 0 → 1 #3": _EPOCH,
    "execution/losses.py lost_in_a_row: constant: 0 → -1 #3": _EPOCH,
    "execution/losses.py lost_in_a_row: constant: 0 → 1 #4": _STREAK,
    "execution/losses.py lost_in_a_row: comparison: net >= 0 → net > 0": _STREAK,
    "execution/unclaimed.py UnclaimedStops.protect: constant: 0 → -1": "of one position the first is the last",
    "execution/unclaimed.py UnclaimedStops.protect_forgotten: constant: 0 → 1": _EPOCH,
    "execution/unclaimed.py UnclaimedStops.protect_forgotten: constant: 0 → -1": _EPOCH,
    "execution/unclaimed.py _far_enough: comparison: sign > 0 → sign >= 0": _SIDE,
    "execution/unclaimed.py _far_enough: constant: 0 → -1 #2": _SIDE,
    "orders/planned.py _not_traceable: constant: 1 → 0": _ONE_ID,
    "orders/planned.py _not_traceable: constant: 1 → 2": _ONE_ID,
    "runs/placing.py _Counter._quote: constant: 1 → 2": "how many calls may be under way where one symbol needs one",
}
