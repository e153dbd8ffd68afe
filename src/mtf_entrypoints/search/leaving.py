"""What a search leaves in its folder: the profile under its verdict, its evidence, and all trials as a table."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtf_adapters.local.durable import AS_THE_UMASK_SAYS, replace_whole
from mtf_adapters.reports.writing import write_report
from mtf_adapters.trials.ledger import TrialLedger
from mtf_adapters.trials.profile_folder import write_profile
from mtf_core._version import __version__
from mtf_core.replay.report import ledger_report
from mtf_core.search.evidence import About, evidence_of
from mtf_core.search.parameters import varied_profile
from mtf_core.search.trial import Tried
from mtf_core.search.verdict import Verdict
from mtf_core.settings.plain import plain
from mtf_entrypoints.search.performing import FinishedSearch
from mtf_entrypoints.search.preparing import PreparedSearch

CACHE = "ready-minutes"
"""The folder of what trials share; it may be deleted at any time."""
_SEARCH = "search.json"


class FolderTakenError(Exception):
    """The folder belongs to another search."""


def claim(folder: Path, prepared: PreparedSearch) -> None:
    """Writes whose folder it is; raises `FolderTakenError` where it is another search's."""
    file = folder / _SEARCH
    if file.exists():
        try:
            known = str(json.loads(file.read_bytes())["search"])
        except (ValueError, KeyError, TypeError):
            known = "a file that cannot be read"
        if known != prepared.digest:
            raise FolderTakenError(
                f"{folder} holds another search (another space, other candles, or other assumptions): name another "
                "folder with --out, or delete it; the trial ledger keeps what was tried"
            )
    folder.mkdir(parents=True, exist_ok=True)
    _write(file, {"search": prepared.digest, **prepared.document()})


def evidence(finished: FinishedSearch) -> dict[str, Any]:
    """The document that `--json` prints, and that stands beside the profile."""
    prepared = finished.prepared
    about = About(
        profile=prepared.profile.name,
        profile_digest=prepared.profile.digest,
        search_digest=prepared.digest,
        data_digest=prepared.data.digest,
        holdout_digest=prepared.holdout.digest,
        version=__version__,
        symbols=prepared.symbols,
        assumptions=plain(prepared.work.assumptions),
        method=plain(prepared.space.settings.method),
        guessed=prepared.guessed,
    )
    return evidence_of(about, prepared.windows, finished.trials, finished.conclusion)


def leave(finished: FinishedSearch, folder: Path, ledger: TrialLedger) -> Path:
    """The folder with the profile and its evidence, named by the verdict."""
    prepared, conclusion = finished.prepared, finished.conclusion
    for verdict in Verdict:
        shutil.rmtree(folder / verdict.value, ignore_errors=True)
    own = folder / conclusion.verdict.value
    parameters = {} if conclusion.best is None else conclusion.best.tried.parameters
    profile = varied_profile(prepared.profile.content, parameters)
    write_profile(profile, prepared.work.assumptions, own, list(_remarks(finished)))
    _write(own / "evidence.json", evidence(finished))
    replace_whole(folder / "trials.csv", _table(finished).encode(), AS_THE_UMASK_SAYS)
    if finished.holdout is not None and conclusion.best is not None:
        trials = ledger.trials_on(prepared.holdout.digest, conclusion.best.tried.configuration)
        write_report(ledger_report(finished.holdout, trials), own / "holdout")
    return own


def _remarks(finished: FinishedSearch) -> Iterator[str]:
    best = finished.conclusion.best
    yield f"{finished.conclusion.verdict}: written by mtf search; why is in evidence.json."
    if best is None or not best.tried.parameters:
        yield f"{finished.prepared.profile.name} as it is."
    else:
        yield f"{finished.prepared.profile.name} with:"
        for path, value in best.tried.parameters.items():
            yield f"  {path}: {json.dumps(value)}"


def _table(finished: FinishedSearch) -> str:
    """A row for each trial: what was tried, and what it is compared by in each window."""
    paths = [one.path for one in finished.prepared.space.varied]
    count = len(finished.prepared.windows.all)
    head = [*paths, "trades", "sharpe_daily", *(f"score_{number + 1}" for number in range(count)), "without_score"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", *head])
    for one in finished.trials:
        writer.writerow([one.number, *(_cell(one.parameters.get(path)) for path in paths), *_results(one, count)])
    return text.getvalue()


def _results(one: Tried, windows: int) -> list[Any]:
    result = one.result
    if result is None:
        return ["", "", *[""] * windows, getattr(one.outcome, "why", "")]
    sharpe = result.sharpe
    return [result.trades, "" if sharpe is None else sharpe.ratio, *map(result.score, range(windows)), ""]


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float)) else json.dumps(value)


def _write(path: Path, document: dict[str, Any]) -> None:
    replace_whole(
        path, (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(), AS_THE_UMASK_SAYS
    )
