"""The exchange's time: this machine's clock and how far the exchange's is ahead of it, as measured."""

from __future__ import annotations

from attrs import frozen

from mtf_core.ports import Clock, ClockSkew

_SHORTEST_MS = 80
"""Two readings that lie closer together tell nothing about a pace."""


@frozen
class _Reading:
    steady_ms: float
    server_ms: int


class ExchangeClock:
    """Tells the exchange's time; implements the port `Clock`. Until the first measurement it is this machine's.

    `own_pace`: the exchange's time may stand still, or pass faster than the wall's, as that of a sandbox does. Its pace
    is believed once two measurements in a row agree on it. What stops entries there is a reading that is not where the
    ones before had put it (`ClockSkew.astray_ms`), not a time that differs from the wall's.

    `steady` counts what passes between two measurements: a wall clock may be set meanwhile, and candles would seem to
    have closed that have not. None: the wall clock, which is right where a simulation moves it.
    """

    def __init__(self, wall: Clock, *, own_pace: bool = False, steady: Clock | None = None) -> None:
        self._wall = wall
        self._steady = steady or wall
        self._own_pace = own_pace
        self._pace = 1.0
        self._pace_seen = 1.0
        self._reading: _Reading | None = None
        self._error_ms = 0
        self._measured_ms = 0
        self._astray_ms = 0

    @property
    def skew(self) -> ClockSkew | None:
        """How far the exchange's time is from this machine's now; None until it was measured."""
        if self._reading is None:
            return None
        skew_ms = self.now_ms() - self._wall.now_ms()
        return ClockSkew(skew_ms, self._error_ms, self._measured_ms, self._astray_ms if self._own_pace else None)

    def now_ms(self) -> int:
        reading = self._reading
        if reading is None:
            return self._wall.now_ms()
        return self._expected_ms(reading, self.steady_ms())

    def surely_passed_ms(self) -> int:
        """An instant that the exchange's clock has certainly reached: its time less what the measurement may err.

        A time that stands still cannot err: it is what was read.
        """
        return self.now_ms() - round(self._error_ms * self._pace)

    def steady_ms(self) -> int:
        """What round trips are measured by."""
        return self._steady.now_ms()

    def measured(self, server_ms: int, asked_ms: int, answered_ms: int) -> None:
        """Learns from a call that the steady clock saw begin and end; the exchange read its clock in between."""
        half_ms = max(0, answered_ms - asked_ms) / 2
        reading = _Reading(asked_ms + half_ms, server_ms)
        if self._own_pace and self._reading is not None:
            self._see_pace(self._reading, reading)
            self._astray_ms = server_ms - self._expected_ms(self._reading, reading.steady_ms)
        self._reading, self._error_ms, self._measured_ms = reading, round(half_ms) + 1, self._wall.now_ms()

    def _expected_ms(self, reading: _Reading, steady_ms: float) -> int:
        """Where the pace that is believed has brought the exchange's clock since a reading."""
        return round(reading.server_ms + (steady_ms - reading.steady_ms) * self._pace)

    def _see_pace(self, before: _Reading, now: _Reading) -> None:
        passed_ms = now.steady_ms - before.steady_ms
        if passed_ms < _SHORTEST_MS:
            return
        seen = max(0.0, (now.server_ms - before.server_ms) / passed_ms)
        if abs(seen - self._pace_seen) <= 0.1 * max(1.0, seen):
            self._pace = 1.0 if 0.9 < seen < 1.1 else seen
        self._pace_seen = seen

    def __repr__(self) -> str:
        return f"ExchangeClock(skew={self.skew})"
