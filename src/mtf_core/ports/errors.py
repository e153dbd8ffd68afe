"""The few errors that ports raise; adapters translate everything of their own into these.

PortError
├── ExchangeError          the exchange answered with an error, or not at all
│   ├── UnknownSymbolError the exchange does not know the symbol
│   ├── InstantNotServedError      it has no data of the instant
│   ├── TimeframeNotServedError    it has no candles of the timeframe
│   └── ExchangeUnavailableError   no answer, or none that can be read: the state is unknown
├── TradingRefusedError    orders must not leave from here; nothing was sent
├── ReceiverError          a receiver of alerts was not told
└── StoreError             the store refused or failed
    ├── StoreUnavailableError      cannot be reached or written
    ├── StoreOutdatedError         its schema is not the one this version needs
    ├── StoreNotOursError          it holds another program's tables
    ├── UnreadableRowError         a row holds what this version cannot read
    ├── LockLostError              the writer's lock is another owner's by now: nothing was stored
    ├── IntentChangedError         an intent is not as it was read any more: nothing was stored
    └── InvalidCursorError         the text is no cursor that the store gave out
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtf_core.reasons import Reason


class PortError(Exception):
    """Something outside the core failed."""


class ExchangeError(PortError):
    """The exchange answered with an error."""


class UnknownSymbolError(ExchangeError):
    """The exchange does not know the symbol."""


class InstantNotServedError(ExchangeError):
    """The exchange has no data of the instant; the message names the span that it has."""


class TimeframeNotServedError(ExchangeError):
    """The exchange has no candles of the timeframe, and none to build them from."""


class ExchangeUnavailableError(ExchangeError):
    """No answer, or none that can be read; the state on the other side is unknown."""


class TradingRefusedError(PortError):
    """Orders must not leave from here, or not to this exchange; the message says why, and what to do."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ReceiverError(PortError):
    """A receiver of alerts was not told, or nobody knows whether it was; the message bears no address and no secret."""

    def __init__(self, message: str, again_after_s: float = 0) -> None:
        """`again_after_s`: the receiver asked for so much patience."""
        super().__init__(message)
        self.again_after_s = again_after_s


class StoreError(PortError):
    """The store refused or failed."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached, opened or written."""


class StoreOutdatedError(StoreError):
    """The store's schema is not the one this version needs; `mtf db upgrade` brings it there."""


class StoreNotOursError(StoreError):
    """The store belongs to another program; nothing was changed."""

    @classmethod
    def by_the_mark(cls, account: str, where: str = "") -> StoreNotOursError:
        """The mark of an account is another database's; `where` says where the mark is kept, as ` in Redis`."""
        return cls(
            f"another database is marked{where} as that of the account {account}, so nothing is entered from this one:"
            " mtf recover says more"
        )


class UnreadableRowError(StoreError):
    """A row holds what this version cannot read: another one wrote it, or it was changed by hand."""


class LockLostError(StoreError):
    """The lock under which something was to be stored is another owner's by now; nothing was stored."""


class IntentChangedError(StoreError):
    """The intent is not as it was when it was read; nothing was stored."""


class InvalidCursorError(StoreError):
    """The text is no cursor that the store gave out for these pages."""
