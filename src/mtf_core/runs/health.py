"""The health of every dependency, one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from mtf_core.ports import PortError
from mtf_core.runs.context import RunContext
from mtf_core.settings.nodes import ConfigError


@frozen
class HealthCheck:
    """Whether one dependency works, in one line, and how long it took to say so."""

    name: str
    ok: bool
    detail: str
    seconds: float


async def check_health(context: RunContext) -> tuple[HealthCheck, ...]:
    """Asks each dependency in turn; one that fails keeps no other from being asked."""

    async def configuration() -> str:
        profile = context.profiles(None)
        return f"profile {profile.name}, digest {profile.digest[:12]}"

    async def store() -> str:
        contracts = await context.stores.contracts.all()
        return f"{len(contracts)} contracts stored"

    async def exchange() -> str:
        skew_ms = await context.venue.market.server_time_ms() - context.venue.clock.now_ms()
        return f"{context.venue.exchange} answers, clock differs by {skew_ms} ms"

    async def account() -> str:
        state = await context.venue.account.account_state()
        return f"{len(state.positions)} positions, {len(state.open_orders)} open orders"

    async def locks() -> str:
        return f"{len(await context.locks.held())} held"

    checks = {
        "configuration": configuration,
        "store": store,
        "exchange": exchange,
        "account": account,
        "locks": locks,
    }
    return tuple([await _checked(context, name, check) for name, check in checks.items()])


async def _checked(context: RunContext, name: str, check: Callable[[], Awaitable[str]]) -> HealthCheck:
    started = context.timer()
    try:
        detail, ok = await check(), True
    except (PortError, ConfigError) as error:
        detail, ok = str(error).splitlines()[0], False
    return HealthCheck(name, ok, detail, round(context.timer() - started, 6))
