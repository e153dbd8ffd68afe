"""Alerts: what calls for help, which receiver was told of it, and in which words. Times are this machine's clock."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import frozen

from mtf_core.market import format_instant


@frozen
class AlertRecord:
    """Something that a person has to know. `word` and `subject` name it; `began_ms` tells one time from the next."""

    word: str
    subject: str
    text: str
    """As it was when it began."""
    began_ms: int
    ended_ms: int | None = None
    """None: it stands."""

    @property
    def key(self) -> tuple[str, str, int]:
        return self.word, self.subject, self.began_ms


@frozen
class Receipt:
    """A receiver was told of an alert: when last, and whether of its end as well."""

    word: str
    subject: str
    began_ms: int
    receiver: str
    told_ms: int
    end_told: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """Of its alert."""
        return self.word, self.subject, self.began_ms


class Phase(StrEnum):
    """What a message says of its alert."""

    BEGAN = "began"
    STANDS = "stands"
    """A reminder."""
    ENDED = "ended"
    OVER = "over"
    """It began and ended before the receiver could be told."""
    TEST = "test"


@frozen(kw_only=True)
class Message:
    """What a receiver is told: one alert, and the words of others that are held back."""

    phase: Phase
    serves: str
    """Whose alert it is: the exchange and the market that are watched."""
    word: str
    subject: str
    text: str
    advice: str
    """What to do."""
    began_ms: int
    ended_ms: int | None = None
    more: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """One line: `mtf: supervisor_missing (ended)`."""
        about = f" {self.subject}" if self.subject else ""
        phase = "" if self.phase is Phase.BEGAN else f" ({self.phase})"
        return f"mtf: {self.word}{about}{phase}"

    @property
    def lines(self) -> tuple[str, ...]:
        """What a person reads below the headline."""
        times = f"Since {format_instant(self.began_ms)}"
        if self.ended_ms is not None:
            times = f"From {format_instant(self.began_ms)} to {format_instant(self.ended_ms)}"
        held_back = f"And {len(self.more)} more: {', '.join(self.more)}. See `mtf alerts list`." if self.more else ""
        is_over = self.phase in {Phase.ENDED, Phase.OVER}
        before = "It is over: " if is_over else "Still: " if self.phase is Phase.STANDS else ""
        said = (before + self.text, "" if is_over else self.advice, f"{times}, {self.serves}.", held_back)
        return tuple(line for line in said if line)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "phase": self.phase.value,
            "alert": self.word,
            "subject": self.subject,
            "text": self.text,
            "what_to_do": self.advice,
            "serves": self.serves,
            "began_at": format_instant(self.began_ms),
            "ended_at": None if self.ended_ms is None else format_instant(self.ended_ms),
            "and_more": list(self.more),
        }
