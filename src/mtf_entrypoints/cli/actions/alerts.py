"""`mtf alerts watch|list|test`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import typer
from attrs import frozen

from mtf_adapters.files.profiles import load_alerts
from mtf_adapters.local import WallClock
from mtf_adapters.telemetry.logs import Area
from mtf_adapters.telemetry.news import WatchMetrics
from mtf_core.market import format_instant
from mtf_core.ports import Disks, Ping, Receiver, ReceiverError
from mtf_core.records import AlertRecord, Message, Phase, ProcessKind, Receipt, Vitality
from mtf_core.settings.alerts import AlertSettings
from mtf_core.watching import Alert, Told, Watcher, WatchNews, advice_of
from mtf_entrypoints.alerting import NO_RECEIVER, disks_of, ping_of, receivers_of
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.alone import alone
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.working import announced, measured, metrics_place, working
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import Container
from mtf_entrypoints.presence import shown
from mtf_entrypoints.settings import Settings

_LOG = Area.ALERTS.logger
_PATIENT_S = 30.0


def watch(world: World, as_json: bool) -> None:
    """Watches until it is told to stop (SIGTERM, SIGINT)."""
    asyncio.run(_watch(world, as_json))


async def _watch(world: World, as_json: bool) -> None:
    stopping = told_to_stop()
    settings, place = settings_of(world, stays=True), metrics_place(world)
    if settings.at_ms is not None:
        raise CommandError("--at: alerts are of the present; leave it out")
    whom = Whom.of(settings)
    async with announced(settings) as container, measured(container, place):
        await watch_until(container, whom, stopping, as_json)
    output.warn("stopped; nobody is called any more unless another process watches")


@frozen
class Whom:
    """Who is told and called, and of what."""

    receivers: Sequence[Receiver]
    ping: Ping | None
    disks: Disks
    settings: AlertSettings

    @classmethod
    def of(cls, settings: Settings) -> Whom:
        """As the settings say; raises `CommandError`, `SettingsError` and `ConfigError`."""
        return cls(_receivers(settings), ping_of(settings), disks_of(settings), load_alerts(settings.config_dir))


async def watch_until(container: Container, whom: Whom, stopping: asyncio.Event, as_json: bool) -> None:
    """Watches on an open container until `stopping` is set."""
    environment, counted = container.environment(), WatchMetrics(container.metrics())
    async with (
        alone(environment, ProcessKind.ALERTS, "watches this database for the same receivers", stopping) as owner,
        shown(environment, ProcessKind.ALERTS, owner=owner),
    ):
        names = ", ".join(receiver.name for receiver in whom.receivers)
        called = "" if whom.ping is None else f", calls an outside address every {whom.settings.ping_sec} s"
        output.warn(f"watching {environment.venue.label}; tells {names}{called}; stop with Ctrl-C")

        def heard(news: WatchNews) -> None:
            counted.hear(news)
            _show(news, as_json)

        watcher = Watcher(environment, whom.settings, whom.receivers, whom.disks, whom.ping, heard)
        await watcher.run(stopping)


def _receivers(settings: Settings) -> tuple[Receiver, ...]:
    receivers = receivers_of(settings, WallClock())
    if not receivers:
        raise CommandError(NO_RECEIVER)
    return receivers


def _show(news: WatchNews, as_json: bool) -> None:
    if isinstance(news, Told):
        _LOG.info("told %s: %s", news.receiver, news.message.headline)
        if as_json:
            output.write_line(json.dumps({"told": news.receiver, **news.message.to_json()}))
        else:
            output.write_line(f"{news.receiver}: {news.message.headline}: {' '.join(news.message.lines)}")
        output.flush()
    else:
        _LOG.warning("%s: %s", news.who, news.why)
        output.warn(f"{news.who}: {news.why}; tried again")


@frozen
class _Standing:
    """What stands, who was told of it, and whether somebody watches."""

    alerts: tuple[AlertRecord, ...]
    receipts: tuple[Receipt, ...]
    is_watched: bool

    def told(self, alert: AlertRecord) -> list[str]:
        return sorted(receipt.receiver for receipt in self.receipts if receipt.key == alert.key)


def list_alerts(world: World, as_json: bool) -> None:
    """What stands by the last look of the process that watches."""
    found = asyncio.run(_standing(world))
    if as_json:
        output.write_json(
            {"watched": found.is_watched, "alerts": [_to_json(one, found.told(one)) for one in found.alerts]}
        )
        return
    if found.alerts:
        table = output.table("alert", "subject", "since", "told", "what", "what to do", prose=("what", "what to do"))
        for one in found.alerts:
            told = ", ".join(found.told(one)) or "nobody yet"
            table.add_row(one.word, one.subject, format_instant(one.began_ms), told, one.text, advice_of(one.word))
        output.console().print(table)
    elif found.is_watched:
        output.write_line("nothing calls for help")
    if not found.is_watched:
        output.write_line("nobody watches: start `mtf alerts watch`; what is shown is what the last one saw")


async def _standing(world: World) -> _Standing:
    async with working(world) as environment:
        store = environment.stores.alerts
        alerts, receipts = await store.alerts(), await store.receipts()
        processes = await environment.stores.processes.all()
        watched = any(one.process.kind is ProcessKind.ALERTS and one.vitality is Vitality.ALIVE for one in processes)
        return _Standing(alerts, receipts, watched)


def _to_json(alert: AlertRecord, told: Sequence[str]) -> dict[str, object]:
    return {
        "alert": alert.word,
        "subject": alert.subject,
        "text": alert.text,
        "what_to_do": advice_of(alert.word),
        "began_at": format_instant(alert.began_ms),
        "told": list(told),
    }


def send_test(world: World, as_json: bool) -> None:
    """Tells each receiver something that calls for nothing."""
    settings = settings_of(world)
    receivers = _receivers(settings)
    message = Message(
        phase=Phase.TEST,
        serves=settings.exchange,
        word=Alert.TEST,
        subject="",
        text="This is a test: whoever reads it will be told when something needs a person.",
        advice=advice_of(Alert.TEST),
        began_ms=WallClock().now_ms(),
    )
    outcomes = asyncio.run(_told_by_all(receivers, message))
    if as_json:
        output.write_json(
            {"receivers": [{"name": name, "told": why is None, "why": why} for name, why in outcomes.items()]}
        )
    else:
        for name, why in outcomes.items():
            output.write_line(f"{name}: {'told' if why is None else f'NOT TOLD: {why}'}")
    if any(why is not None for why in outcomes.values()):
        raise typer.Exit(FAILED)


async def _told_by_all(receivers: Sequence[Receiver], message: Message) -> dict[str, str | None]:
    """Why each was not told; None where it was."""
    whys = await asyncio.gather(*(_told_by(receiver, message) for receiver in receivers))
    return {receiver.name: why for receiver, why in zip(receivers, whys, strict=True)}


async def _told_by(receiver: Receiver, message: Message) -> str | None:
    try:
        async with asyncio.timeout(_PATIENT_S):
            await receiver.tell(message)
    except ReceiverError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {_PATIENT_S:.0f} s"
    return None
