"""Rate limits as OKX counts them: requests in any two seconds, by address or account, some of them by contract too."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Per(StrEnum):
    """Whose requests are counted together."""

    IP = "IP"
    IP_AND_CONTRACT = "IP and contract"
    USER = "user"
    USER_AND_CONTRACT = "user and contract"


@frozen
class Limit:
    """At most so many requests of one endpoint in any window."""

    per: Per
    requests: int
    window_s: float = 2

    @property
    def by_contract(self) -> bool:
        return self.per in (Per.IP_AND_CONTRACT, Per.USER_AND_CONTRACT)

    @property
    def by_address(self) -> bool:
        return self.per in (Per.IP, Per.IP_AND_CONTRACT)


ACCOUNT_LIMIT = Limit(Per.USER, 1000)
"""New and amended orders of an account, rows of batches one by one; cancels are free."""
