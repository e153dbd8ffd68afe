"""What a venue says in its own way: how a request is made, and what an answer comes to. The rest is the client's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from mtf_adapters.limits import Reading
from mtf_adapters.online.meanings import Meaning
from mtf_adapters.online.sending import Received, Request

Content = Mapping[str, Any] | Sequence[Any]
"""What a request says: the parameters of a read, or the body of a write."""


class Endpoint(Protocol):
    """One call of a venue."""

    @property
    def bucket(self) -> str:
        """The rate limit that counts it, by whose name messages call it, too."""
        ...


@frozen
class Place:
    """Where an endpoint is: the beginning of its address, and the setting that holds it."""

    base: str
    setting: str


@frozen
class Verdict:
    """What an answer's code says."""

    code: str
    text: str
    """The exchange's own words, which may repeat anything."""
    status: int
    """Of HTTP."""
    says_success: bool
    meaning: Meaning | None = None
    """None: a code of success, or one that nobody knows."""

    @property
    def is_success(self) -> bool:
        """Code and status agree on it."""
        return self.says_success and 200 <= self.status < 300


@frozen
class Told:
    """What an answer says beside its content: of the rate limits and of the time."""

    reading: Reading = field(factory=Reading)
    refused_ms: int = 0
    """The call was one too many: how long none of its bucket is made."""
    banned_ms: int = 0
    """Every call is refused: how long none is made."""
    time_refused: bool = False
    """The request's time was: the exchange's clock has to be read again."""


Asked_contra = TypeVar("Asked_contra", bound=Endpoint, contravariant=True)
Reply = TypeVar("Reply")


class HttpDialect(Protocol[Asked_contra, Reply]):
    """How one venue is spoken to. `Reply` is its complete answer; nothing here sends, waits or repeats."""

    @property
    def venue(self) -> str:
        """The exchange's name in messages."""
        ...

    @property
    def key_settings(self) -> str:
        """The settings that hold its key, as a sentence names them."""
        ...

    @property
    def has_key(self) -> bool: ...

    def place_of(self, endpoint: Asked_contra) -> Place: ...

    def request(self, endpoint: Asked_contra, content: Content, now_ms: int, not_after_ms: int | None) -> Request:
        """The request, signed where it has to be, by the exchange's time; it shall have no effect after the other."""
        ...

    def read(self, received: Received) -> Reply:
        """Raises `UnreadableAnswerError` for what is no answer of this exchange."""
        ...

    def verdict(self, reply: Reply) -> Verdict: ...

    def told(self, endpoint: Asked_contra, received: Received, reply: Reply | None) -> Told:
        """`reply` is None where it could not be read."""
        ...

    def server_time_ms(self, reply: Reply) -> int:
        """From the answer of the call that asks for it; raises `ExchangeUnavailableError`."""
        ...

    def redacted(self, words: str) -> str:
        """Without any secret, should an answer repeat one."""
        ...
