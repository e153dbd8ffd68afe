"""How the time of a search is cut: windows to compare and to look at, and the days that no trial sees.

```
anchored   train────────┐gap┌test──┐
           train───────────────┐gap┌test──┐
           train──────────────────────────┐gap┌hold-out──┐
```

The last window is like the others, but what its best is looked at on is the hold-out.
"""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS, format_instant
from mtf_core.search.settings import WindowSettings


@frozen
class Stretch:
    """Decisions at minutes within [first, last]."""

    first_ms: int
    last_ms: int

    def __contains__(self, at_ms: int) -> bool:
        return self.first_ms <= at_ms <= self.last_ms

    def __str__(self) -> str:
        return f"{format_instant(self.first_ms)} to {format_instant(self.last_ms)}"


@frozen
class Window:
    """Where variants are compared, and where the best of them is looked at."""

    train: Stretch
    test: Stretch


@frozen
class Windows:
    """All of them."""

    search: Stretch
    """What every trial is replayed over. Candles end with it."""
    folds: tuple[Window, ...]
    """The oldest first; their tests do not overlap."""
    final: Window
    """Its train gives the result, its test is the hold-out."""

    @property
    def all(self) -> tuple[Window, ...]:
        return *self.folds, self.final


class TooShortError(ValueError):
    """There are not enough days; the message says how many are needed."""


def windows_of(settings: WindowSettings, first_ms: int, last_ms: int) -> Windows:
    """The windows of decisions within [first, last]; raises `TooShortError`."""
    train_ms, test_ms, gap_ms = (
        settings.train_days * DAY_MS,
        settings.test_days * DAY_MS,
        settings.embargo_hours * HOUR_MS,
    )
    hold_first_ms = last_ms - settings.holdout_days * DAY_MS + MINUTE_MS
    end_ms = hold_first_ms - MINUTE_MS - gap_ms
    folds: list[Window] = []
    while True:
        shift_ms = len(folds) * test_ms
        train = Stretch(
            first_ms if settings.anchored else first_ms + shift_ms, first_ms + shift_ms + train_ms - MINUTE_MS
        )
        test = Stretch(train.last_ms + gap_ms + MINUTE_MS, train.last_ms + gap_ms + test_ms)
        if test.last_ms > end_ms:
            break
        folds.append(Window(train, test))
    if not folds:
        needed_ms = train_ms + test_ms + settings.holdout_days * DAY_MS + 2 * gap_ms
        raise TooShortError(
            f"the windows need {needed_ms / DAY_MS:.1f} days (train {settings.train_days}, test {settings.test_days}, "
            f"hold-out {settings.holdout_days}, twice {settings.embargo_hours} h between them), and the data has "
            f"{(last_ms - first_ms + MINUTE_MS) / DAY_MS:.1f}: {Stretch(first_ms, last_ms)}"
        )
    final_first_ms = first_ms if settings.anchored else end_ms - train_ms + MINUTE_MS
    final = Window(Stretch(final_first_ms, end_ms), Stretch(hold_first_ms, last_ms))
    return Windows(Stretch(first_ms, end_ms), tuple(folds), final)
