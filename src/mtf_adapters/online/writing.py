"""What writes to every exchange share: how numbers and ids are said, and what an answer or the lack of one proves."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal, InvalidOperation

from mtf_adapters.online.sending import NoReply
from mtf_core.market import InvalidOrderError, WriteResult

CLIENT_ID_CHARACTERS = 32
_MOST_REMEMBERED = 1000


def plain(value: Decimal) -> str:
    """A number as an exchange reads it: no exponent, no needless zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_same_number(one: str, other: str) -> bool:
    """Whether two texts are the same number, however they are written."""
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def client_id(client_order_id: str) -> str:
    """The id as it is; raises `InvalidOrderError` for one that the exchange would refuse, or could not find again."""
    is_plain = client_order_id.isascii() and client_order_id.isalnum()
    if not is_plain or len(client_order_id) > CLIENT_ID_CHARACTERS:
        raise InvalidOrderError(
            f"client id {client_order_id!r}: allowed are 1 to {CLIENT_ID_CHARACTERS} letters and digits"
        )
    return client_order_id


def unanswered(reply: NoReply) -> WriteResult:
    """What a write without an answer came to."""
    if reply.expired:
        return WriteResult.EXPIRED_BEFORE_SENT
    return WriteResult.NOT_SENT if reply.nothing_left else WriteResult.UNKNOWN


class GivenIds:
    """Ids that submitted orders were given, with the client ids of those orders; the oldest are forgotten."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, str] = OrderedDict()

    def is_its_own(self, order_id: str, client_order_id: str) -> bool:
        """Whether no other order was given this id: an answer that comes twice says nothing of the second request."""
        owner = self._given.setdefault(order_id, client_order_id)
        if len(self._given) > _MOST_REMEMBERED:
            self._given.popitem(last=False)
        return owner == client_order_id
