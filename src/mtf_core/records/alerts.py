"""Alerts as they are kept: what called for help, and which receiver was told of it. Times are this machine's clock."""

from __future__ import annotations

from attrs import frozen


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
