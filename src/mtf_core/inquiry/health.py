"""The health of every dependency, one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from mtf_core.market import format_instant
from mtf_core.ports import Environment, PortError
from mtf_core.records import ProcessRecord, ProcessState, Vitality, present
from mtf_core.settings.nodes import ConfigError
from mtf_core.words import counted


@frozen
class HealthCheck:
    """Whether one dependency works, in one line, and how long it took to say so."""

    name: str
    ok: bool
    detail: str
    seconds: float


async def check_health(environment: Environment) -> tuple[HealthCheck, ...]:
    """Asks each dependency in turn; one that fails keeps no other from being asked."""

    async def configuration() -> str:
        profile = environment.profiles(None)
        return f"profile {profile.name}, digest {profile.digest[:12]}"

    async def store() -> str:
        contracts = await environment.stores.contracts.all()
        return f"{counted(len(contracts), 'contract')} stored"

    async def exchange() -> str:
        venue = environment.venue
        server_ms = await venue.market.server_time_ms()
        # An exchange's own clock is told against this machine's, which is the one that may be wrong.
        skew = venue.skew() if venue.skew is not None else None
        differs_ms = server_ms - venue.clock.now_ms() if skew is None else skew.skew_ms
        return f"{venue.exchange} answers, clock differs by {differs_ms} ms; {venue.label}"

    async def account() -> str:
        state = await environment.venue.account.account_state()
        return f"{counted(len(state.positions), 'position')}, {counted(len(state.open_orders), 'open order')}"

    async def locks() -> str:
        return f"{len(await environment.locks.held())} held"

    async def supervisor() -> str:
        orders, now_ms = environment.stores.orders, environment.venue.clock.now_ms()
        beat, live = await orders.heartbeat(), await orders.live()
        allowed_ms = environment.profiles(None).trading.orders.heartbeat_sec * 1000
        said = "none yet" if beat is None else f"alive {(now_ms - beat.beat_ms) / 1000:.0f} s ago"
        read = "" if beat is None else f", read the account {(now_ms - beat.read_ms) / 1000:.0f} s ago"
        if live and (beat is None or now_ms - min(beat.beat_ms, beat.read_ms) > allowed_ms):
            raise PortError(f"{counted(len(live), 'live intent')} and nobody supervises: {said}{read}")
        return f"{said}{read}, {counted(len(live), 'live intent')}"

    checks = {
        "configuration": configuration,
        "store": store,
        "exchange": exchange,
        "account": account,
        "locks": locks,
        "supervisor": supervisor,
    }
    found = [await _checked(environment, name, check) for name, check in checks.items()]
    return (*found, *await check_processes(environment))


async def check_processes(environment: Environment) -> tuple[HealthCheck, ...]:
    """Each process that stays and shows itself in the store, with its own age; one that is late or gone fails."""
    started = environment.timer()
    try:
        records = present(await environment.stores.processes.all())
    except PortError as error:
        return (HealthCheck("processes", False, str(error).splitlines()[0], _since(environment, started)),)
    if not records:
        return (HealthCheck("processes", True, "none shows itself in this store", _since(environment, started)),)
    seconds = _since(environment, started)
    return tuple(
        HealthCheck(f"mtf {one.process.kind}", one.vitality is Vitality.ALIVE, in_words(one), seconds)
        for one in records
    )


def in_words(record: ProcessRecord) -> str:
    """A process in one line."""
    process, age_s = record.process, record.age_ms / 1000
    heard = f"heard of {age_s:.0f} s ago"
    if record.vitality is not Vitality.ALIVE:
        heard = f"{record.vitality}, last {heard}"
    since = f"since {format_instant(record.started_ms)}"
    state = f"{record.state}".replace("_", " ")
    if record.state is not ProcessState.WORKING:
        state += f" since {format_instant(record.since_ms)}"
    account = f", account {process.account}" if process.account else ""
    return f"{state}; {heard}; process {process.pid} on {process.host}{account}, {since}, version {process.version}"


async def _checked(environment: Environment, name: str, check: Callable[[], Awaitable[str]]) -> HealthCheck:
    started = environment.timer()
    try:
        detail, ok = await check(), True
    except (PortError, ConfigError) as error:
        detail, ok = str(error).splitlines()[0], False
    return HealthCheck(name, ok, detail, _since(environment, started))


def _since(environment: Environment, started: float) -> float:
    return round(environment.timer() - started, 6)
