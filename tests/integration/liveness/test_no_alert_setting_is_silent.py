"""Every key of `alerts.yaml` changes what is told, or when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve, fields

from mtf_adapters.files.config_dir import copy_shipped_config
from mtf_adapters.files.profiles import check_config, load_alerts
from mtf_core.config_nodes import ConfigError
from mtf_core.market import MINUTE_MS
from mtf_core.orders import Alarm, AlarmKind
from mtf_core.ports import Disk
from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, RunningProcess
from mtf_core.risk import Span
from mtf_core.settings.alerts import AlertSettings
from mtf_core.watching import Facts, Watcher, conditions_of
from mtf_core.watching.facts import Pace
from mtf_core.watching.losses import LossSeen
from tests.integration.alerts.people import Beats, NoDisks, Person, with_store
from tests.integration.runs.world import NOW_MS, eager, world

_PATIENT_S = 60
_STREAM = RunningProcess(ProcessKind.STREAM, "stream-1", "box", 1, "0.1.0")
FACTS = Facts(
    now_ms=NOW_MS,
    processes=(ProcessRecord(_STREAM, ProcessState.BY_CALLS, 0, NOW_MS - 90_000, NOW_MS, NOW_MS),),
    paces=(Pace("scalper", tuple(NOW_MS - 300_000 - 60_000 * number for number in range(4))),),
    losses=(LossSeen("scalper", Span.DAY, Decimal(45), Decimal(50)),),
    disks=(Disk("/", 8, 100),),
)
ALARMS = [Alarm(AlarmKind.STALE, f"{number}", "stale", NOW_MS) for number in range(4)]
"""Alerts that begin at once."""


class Service:
    """An outside service that takes every call."""

    async def call(self) -> None:
        return None


def conditions(settings: AlertSettings) -> object:
    return [one.word for one in conditions_of(FACTS, settings)]


def watched(settings: AlertSettings) -> object:
    """What a receiver is told of alerts that begin at once and stand for two minutes, and all pauses meanwhile."""

    async def story() -> object:
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.sleep(0.001)

        async def some_looks() -> None:
            """So many that whatever follows has been told and called."""
            enough = len(pauses) + 40
            while len(pauses) < enough:
                await asyncio.sleep(0.001)

        async with asyncio.timeout(_PATIENT_S), world(eager()) as there:
            orders = there.stores.orders
            environment = evolve(there.environment, sleep=sleep, timer=lambda: 0.0)
            environment = with_store(environment, orders=Beats(orders, lives=True))
            await orders.raise_alarms(ALARMS, NOW_MS)
            person, stopping = Person("webhook"), asyncio.Event()
            watcher = Watcher(environment, settings, [person], NoDisks(), Service())
            task = asyncio.create_task(watcher.run(stopping))
            await some_looks()
            there.clock.advance(2 * MINUTE_MS)
            await some_looks()
            stopping.set()
            await task
            return person.told, [len(message.more) for message in person.messages], sorted(set(pauses))

    return asyncio.run(story())


CASES: dict[str, tuple[AlertSettings, AlertSettings, Callable[[AlertSettings], object]]] = {
    "look_sec": (AlertSettings(look_sec=5), AlertSettings(look_sec=3), watched),
    "remind_minutes": (AlertSettings(remind_minutes=60), AlertSettings(remind_minutes=1), watched),
    "per_minute": (AlertSettings(per_minute=10), AlertSettings(per_minute=2), watched),
    "ping_sec": (AlertSettings(ping_sec=20), AlertSettings(ping_sec=30), watched),
    "stream_silent_sec": (AlertSettings(stream_silent_sec=60), AlertSettings(stream_silent_sec=120), conditions),
    "run_late_sec": (AlertSettings(run_late_sec=180), AlertSettings(run_late_sec=600), conditions),
    "loss_near_pct": (AlertSettings(), AlertSettings(loss_near_pct=Decimal("0.95")), conditions),
    "disk_free_pct": (AlertSettings(), AlertSettings(disk_free_pct=Decimal("0.05")), conditions),
}


@pytest.mark.parametrize("key", [field.name for field in fields(AlertSettings)])
def test_changing_a_key_alone_changes_what_is_told_or_when(key: str) -> None:
    one, other, scenario = CASES[key]
    assert evolve(one, **{key: getattr(other, key)}) == other
    first = scenario(one)
    assert first != scenario(other)
    assert first == scenario(one), "what does not repeat itself proves nothing"


def test_an_unknown_key_and_a_value_out_of_bounds_are_refused_with_their_place(tmp_path: Path) -> None:
    copy_shipped_config(tmp_path / "config")
    file = tmp_path / "config" / "app" / "alerts.yaml"
    file.write_text("remind_minuts: 5\nper_minute: 0\n")
    with pytest.raises(ConfigError) as refused:
        load_alerts(tmp_path / "config")
    assert "alerts.yaml:1" in str(refused.value)
    assert "remind_minutes" in str(refused.value)
    assert "per_minute" in str(refused.value)
    found = check_config(tmp_path / "config")
    assert sorted(problem.place.line for problem in found.problems) == [1, 2]


def test_a_folder_without_the_file_has_the_defaults_which_are_those_of_the_file_that_comes_along(
    tmp_path: Path,
) -> None:
    copy_shipped_config(tmp_path / "config")
    assert load_alerts(tmp_path / "config") == AlertSettings()
    (tmp_path / "config" / "app" / "alerts.yaml").unlink()
    assert load_alerts(tmp_path / "config") == AlertSettings()
    assert not [one for one in check_config(tmp_path / "config").warnings if "alerts" in one.place.file]
