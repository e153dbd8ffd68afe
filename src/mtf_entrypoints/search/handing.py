"""Trials as data: what is sent to a worker on another machine, and what comes back.

Candles are not sent: each machine has its own archive, and says so where it has others than the search was begun with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from mtf_adapters.archive import Archive
from mtf_core._version import __version__
from mtf_core.config_nodes import ConfigError, Place, Problems
from mtf_core.search.settings import ScoreSettings
from mtf_core.search.trial import Refused, TrialResult, result_from_json
from mtf_core.search.windows import Stretch, Window, Windows
from mtf_core.settings.plain import node_from, plain
from mtf_core.settings.replay import ReplaySettings
from mtf_core.settings.structure import structure
from mtf_entrypoints.recorded import ArchivedMarket
from mtf_entrypoints.search.pool import Answer, Asked, BrokeOff
from mtf_entrypoints.search.work import SearchWork

T = TypeVar("T")


class NotHandedError(Exception):
    """This search cannot be done on other machines; the message says why."""


class OtherVersionError(Exception):
    """The one who searches has another version of the program."""


@frozen(kw_only=True)
class Task:
    """Some trials, and the work that they belong to."""

    work: Mapping[str, Any]
    data: str
    """The digest of the candles that trials see."""
    asked: tuple[Asked, ...]

    def to_json(self) -> dict[str, Any]:
        trials = [{"number": one.number, "parameters": dict(one.parameters), "key": one.key} for one in self.asked]
        return {"work": self.work, "data": self.data, "trials": trials}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Task:
        asked = (Asked(one["number"], one["parameters"], one["key"]) for one in document["trials"])
        return cls(work=document["work"], data=document["data"], asked=tuple(asked))


def work_to_json(work: SearchWork) -> dict[str, Any]:
    """Raises `NotHandedError` where its candles are no archive's."""
    return {
        "version": __version__,
        "content": work.content,
        "sources": [_source(source) for source in work.sources],
        "assumptions": plain(work.assumptions),
        "score": plain(work.score),
        "exchange": work.exchange,
        "windows": {
            "search": _stretch(work.windows.search),
            "folds": [[_stretch(one.train), _stretch(one.test)] for one in work.windows.folds],
            "final": [_stretch(work.windows.final.train), _stretch(work.windows.final.test)],
        },
    }


def work_from_json(document: Mapping[str, Any], archive: Archive, cache: Path) -> SearchWork:
    """The work on this machine's archive; raises `OtherVersionError`."""
    if document["version"] != __version__:
        raise OtherVersionError(f"the search was begun with version {document['version']}, this is {__version__}")
    contracts = {(one.venue, one.symbol): one.contract for one in archive.series()}
    windows = document["windows"]
    return SearchWork(
        content=document["content"],
        sources=tuple(
            ArchivedMarket(
                symbol=one["symbol"],
                root=archive.root,
                venue=one["venue"],
                contract=contracts.get((one["venue"], one["symbol"])),
                from_ms=one["from_ms"],
                until_ms=one["until_ms"],
            )
            for one in document["sources"]
        ),
        assumptions=_settings(ReplaySettings, document["assumptions"]),
        exchange=document["exchange"],
        windows=Windows(
            Stretch(*windows["search"]),
            tuple(Window(Stretch(*train), Stretch(*test)) for train, test in windows["folds"]),
            Window(*(Stretch(*one) for one in windows["final"])),
        ),
        score=_settings(ScoreSettings, document["score"]),
        cache=cache,
    )


def answers_to_json(answers: Sequence[tuple[str, Answer]]) -> dict[str, Any]:
    """What came of trials, by their keys."""
    return {"answers": {key: _answer(answer) for key, answer in answers}}


def answers_from_json(document: Mapping[str, Any]) -> dict[str, Answer]:
    return {key: _read(one) for key, one in document["answers"].items()}


def _answer(answer: Answer) -> dict[str, Any]:
    match answer:
        case TrialResult():
            return {"scored": answer.to_json()}
        case Refused():
            return {"refused": answer.why}
        case BrokeOff():
            return {"broke_off": answer.why}


def _read(document: Mapping[str, Any]) -> Answer:
    if "scored" in document:
        return result_from_json(document["scored"])
    return Refused(document["refused"]) if "refused" in document else BrokeOff(document["broke_off"])


def _source(source: object) -> dict[str, Any]:
    if not isinstance(source, ArchivedMarket):
        raise NotHandedError(
            "files of candles are on this machine alone: put them into the archive (`mtf archive import`) of each "
            "machine, and write data.archive in the space"
        )
    return {
        "symbol": source.symbol,
        "venue": source.venue,
        "from_ms": source.from_ms,
        "until_ms": source.until_ms,
    }


def _stretch(stretch: Stretch) -> list[int]:
    return [stretch.first_ms, stretch.last_ms]


def _settings(cls: type[T], document: Any) -> T:
    problems = Problems()
    found = structure(cls, node_from(document, Place("the task", 1)), problems)
    if found is None:
        raise ConfigError(problems.errors)
    return found
