"""`alerts.yaml`: when a person is called. Who is called is in the environment, for addresses are secrets."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.settings.fields import ratio, setting
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.structure import structure


@frozen
class AlertSettings:
    """What `mtf alerts watch` goes by."""

    look_sec: int = setting(5, ge=1, le=10, unit="s", doc="how often the store is looked at")
    remind_minutes: int = setting(
        60, ge=0, unit="minutes", doc="how often an alert that stands is told again; 0: never"
    )
    per_minute: int = setting(
        10, ge=1, le=600, doc="messages to one receiver in a minute; the last one names what is held back"
    )
    stream_silent_sec: int = setting(
        60, ge=5, unit="s", doc="how long `mtf stream` may hear nothing from the exchange's stream"
    )
    run_late_sec: int = setting(
        180, ge=0, unit="s", doc="how long past its usual pace the next run of an enabled profile may end; 0: any time"
    )
    loss_near_pct: Decimal = ratio(
        Decimal("0.8"),
        gt=0,
        doc="the share of a limit on losses from which on the limit is near; 1: not told before it is reached",
    )
    disk_free_pct: Decimal = ratio(Decimal("0.1"), doc="a disk with a smaller share free is nearly full; 0: never told")
    ping_sec: int = setting(
        20, ge=1, le=60, unit="s", doc="how often the outside address is called while somebody supervises"
    )


def read_alerts(node: ConfigNode, problems: Problems) -> AlertSettings | None:
    """The settings in `alerts.yaml`, or None when something in it was wrong."""
    before = len(problems.errors)
    settings = structure(AlertSettings, node, problems)
    return settings if len(problems.errors) == before else None
