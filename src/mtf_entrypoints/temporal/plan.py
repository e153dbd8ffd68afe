"""Schedules as data: `temporal.yaml` of the configuration, checked whole before anything is sent anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import evolve, field, frozen

from mtf_core.config_nodes import ConfigError, ConfigNode, Problems, nearest_name
from mtf_core.problems import InvalidRequestError
from mtf_core.runs import parse_request
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.requests import FIELDS, LIMITS

EACH_PROFILE = "{profile}"
"""In an id: one schedule for each enabled profile."""
_SPAN = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_CRON = re.compile(r"\S+( \S+){4}")
_ID = re.compile(r"[a-z0-9][a-z0-9{}_-]{0,99}")
KEYS: Mapping[str, str] = {
    "id": "its name on the server; with {profile} in it there is one for each enabled profile",
    "workflow": f"what it starts: {', '.join(FIELDS)}",
    "every": "how often it starts, counted from midnight UTC, like 1m",
    "cron": "in the place of `every`: five fields, UTC",
    "offset": "how long after the beginning of each `every`",
    "apart": "with {profile}: how long the next profile starts after the one before",
    "jitter": "starts up to so much later, by chance",
    "overlap": "what becomes of a start while the one before goes on: skip, buffer_one, cancel_other, allow_all",
    "catch_up": "how old a start may be that the server missed while it was down",
    "pause_on_failure": "pauses the schedule after a start that failed",
    "request": "what the workflow is asked with",
}
"""Of one schedule, and what each does."""


class Overlap(StrEnum):
    """What becomes of a minute whose predecessor is still going on."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    CANCEL_OTHER = "cancel_other"
    ALLOW_ALL = "allow_all"


@frozen(kw_only=True)
class Planned:
    """One schedule as the file wants it."""

    id: str
    workflow: str
    every: timedelta | None = None
    cron: str | None = None
    """Five fields, UTC; either this or `every`."""
    offset: timedelta = timedelta()
    """After the beginning of each interval."""
    jitter: timedelta = timedelta()
    overlap: Overlap = Overlap.SKIP
    catch_up: timedelta = timedelta(seconds=30)
    """How far back what a server that was down had missed is started."""
    pause_on_failure: bool = False
    request: Mapping[str, Any] = field(factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether it asks for orders that leave."""
        return self.workflow == names.MTF_RUN and self.request.get("dry_run", True) is False

    def shown(self) -> dict[str, str]:
        """Every field as a person compares it."""
        when = f"every {span(self.every)}" if self.every is not None else f"cron {self.cron} (UTC)"
        return {
            "workflow": self.workflow,
            "when": f"{when}, {span(self.offset)} later" if self.offset else when,
            "jitter": span(self.jitter),
            "overlap": str(self.overlap),
            "catch-up": span(self.catch_up),
            "pause on failure": "yes" if self.pause_on_failure else "no",
            "request": ", ".join(f"{name} {_word(value)}" for name, value in sorted(self.request.items())) or "-",
        }


def read_schedules(node: ConfigNode, enabled_profiles: Sequence[str]) -> tuple[Planned, ...]:
    """The schedules of a file, one for each enabled profile where the id says so; raises `ConfigError` with everything
    that is wrong."""
    problems, found = Problems(), list[Planned]()
    root = _map(node, problems, {"schedules"})
    listed = root.get("schedules")
    if listed is None or not isinstance(listed.value, tuple):
        problems.error(node.place, "no list of schedules", "allowed: `schedules:` with a list")
    else:
        for item in listed.value:
            found += _read_one(item, enabled_profiles, problems)
    seen = set[str]()
    for planned in found:
        if planned.id in seen:
            problems.error(node.place, f"two schedules are called {planned.id}", "allowed: each id once")
        seen.add(planned.id)
    if problems.errors:
        raise ConfigError(problems.errors)
    return tuple(found)


def _read_one(node: ConfigNode, enabled_profiles: Sequence[str], problems: Problems) -> Iterable[Planned]:
    before = len(problems.errors)
    keys = _map(node, problems, KEYS)
    name, workflow = _text(keys, "id", node, problems), _text(keys, "workflow", node, problems)
    if name and not _ID.fullmatch(name):
        problems.error(keys["id"].place, f"id {name!r}", "allowed: small letters, digits, - and _, and {profile}")
    if workflow and workflow not in FIELDS:
        near = nearest_name(workflow, FIELDS)
        problems.error(keys["workflow"].place, f"workflow {workflow!r}", f"allowed: {', '.join(FIELDS)}", near)
        return ()
    every, cron = _span(keys, "every", problems), _text(keys, "cron", node, problems, needed=False)
    if (every is None) == (not cron):
        problems.error(node.place, "when it starts", "allowed: either `every` (like 1m) or `cron` (five fields, UTC)")
    if cron and not _CRON.fullmatch(cron):
        problems.error(keys["cron"].place, f"cron {cron!r}", "allowed: five fields, like 0 9 * * *")
    if every is not None and not every:
        problems.error(keys["every"].place, "every 0s", "allowed: at least 1s")
    if cron and "offset" in keys:
        problems.error(keys["offset"].place, "offset beside a cron", "allowed: only beside `every`")
    for_each = EACH_PROFILE in name
    if "apart" in keys and (cron or not for_each):
        problems.error(keys["apart"].place, "apart has no effect here", "allowed: only with `every` and {profile}")
    overlap = _text(keys, "overlap", node, problems, needed=False) or Overlap.SKIP
    if overlap not in set(Overlap):
        problems.error(keys["overlap"].place, f"overlap {overlap!r}", f"allowed: {', '.join(Overlap)}")
        return ()
    offset, apart = _span(keys, "offset", problems) or timedelta(), _span(keys, "apart", problems) or timedelta()
    jitter, catch_up = _span(keys, "jitter", problems), _span(keys, "catch_up", problems)
    pauses = _flag(keys, "pause_on_failure", problems)
    request = _request(keys.get("request"), workflow, problems)
    if for_each and "profile" in request:
        place = keys["request"].place_of("profile")
        problems.error(place, "profile beside {profile} in the id", "allowed: one of the two says which profile runs")
    if len(problems.errors) > before:
        return ()
    one = Planned(
        id=name,
        workflow=workflow,
        every=every,
        cron=cron or None,
        offset=offset,
        jitter=jitter or timedelta(),
        overlap=Overlap(overlap),
        catch_up=timedelta(seconds=30) if catch_up is None else catch_up,
        pause_on_failure=pauses,
        request=request,
    )
    if not for_each:
        return _within(one, node, problems)
    each = [
        evolve(
            one,
            id=name.replace(EACH_PROFILE, profile.replace("_", "-")),
            offset=offset + number * apart,
            request={**request, "profile": profile},
        )
        for number, profile in enumerate(enabled_profiles)
    ]
    return [planned for single in each for planned in _within(single, node, problems)]


def _within(planned: Planned, node: ConfigNode, problems: Problems) -> tuple[Planned, ...]:
    if planned.every is not None and planned.offset >= planned.every:
        problems.error(
            node.place, f"{planned.id} starts {span(planned.offset)} after its interval began", "allowed: within it"
        )
    return (planned,)


def _request(node: ConfigNode | None, workflow: str, problems: Problems) -> dict[str, Any]:
    if node is None:
        return {}
    fields = _map(node, problems, FIELDS[workflow])
    asked = {name: _plain(each) for name, each in fields.items()}
    for name, limit in LIMITS.items():
        if name in asked and not limit.fits(asked[name]):
            problems.error(fields[name].place, f"{name} {asked[name]!r}", f"allowed: {limit.allowed}")
    if "dry_run" in asked and not isinstance(asked["dry_run"], bool):
        problems.error(fields["dry_run"].place, f"dry_run {asked['dry_run']!r}", "allowed: true or false")
    elif workflow == names.MTF_RUN:
        own = {name: value for name, value in asked.items() if name not in LIMITS}
        try:
            parse_request(own)
        except InvalidRequestError as error:
            for problem in error.problems:
                problems.error(fields.get(problem.field, node).place, problem.field, problem.message)
    return asked


def _plain(node: ConfigNode) -> Any:
    value = node.to_plain()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _map(node: ConfigNode, problems: Problems, known: Iterable[str]) -> Mapping[str, ConfigNode]:
    if not isinstance(node.value, Mapping):
        problems.error(node.place, node.shown(), f"allowed: a map of {', '.join(sorted(known))}")
        return {}
    for name, each in node.value.items():
        if name not in known:
            allowed = f"allowed: {', '.join(sorted(known)) or 'nothing'}"
            problems.error(each.place, f"unknown key {name!r}", allowed, nearest_name(name, known))
    return node.value


def _text(
    keys: Mapping[str, ConfigNode], name: str, node: ConfigNode, problems: Problems, *, needed: bool = True
) -> str:
    found = keys.get(name)
    if found is None:
        if needed:
            problems.error(node.place, f"no {name}", f"allowed: `{name}` with a text")
        return ""
    if not isinstance(found.value, str) or not found.value.strip():
        problems.error(found.place, found.shown(), "allowed: a text")
        return ""
    return found.value.strip()


def _span(keys: Mapping[str, ConfigNode], name: str, problems: Problems) -> timedelta | None:
    found = keys.get(name)
    if found is None:
        return None
    match = _SPAN.fullmatch(found.value) if isinstance(found.value, str) else None
    if match is None:
        problems.error(found.place, found.shown(), "allowed: a number with s, m, h or d, like 30s")
        return timedelta(seconds=1)
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _flag(keys: Mapping[str, ConfigNode], name: str, problems: Problems) -> bool:
    found = keys.get(name)
    if found is None:
        return False
    if not isinstance(found.value, bool):
        problems.error(found.place, found.shown(), "allowed: true or false")
        return False
    return found.value


def span(length: timedelta | None) -> str:
    """A length of time as the file writes it."""
    seconds = 0 if length is None else round(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | None) else str(value)
