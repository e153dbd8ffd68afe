"""How many configurations were ever tried on the candles of a replay: for the honesty box of its report."""

from __future__ import annotations

from mtf_adapters.trials.ledger import Outcome, OutcomeKind, TrialKind, TrialLedger, TrialStart
from mtf_core.replay.curve import curve_of, daily_returns
from mtf_core.replay.honesty import Trials
from mtf_core.replay.ledger import Ledger
from mtf_core.replay.sharpe import sharpe_of
from mtf_core.search.data import data_of
from mtf_core.search.parameters import parameters_digest
from mtf_core.search.windows import Stretch
from mtf_core.settings.digest import digest_of
from mtf_core.settings.plain import plain


def trials_of(replayed: Ledger, url: str | None = None) -> Trials:
    """What the trial ledger knows of the days of a finished replay, which counts as one of the trials from now on.

    A configuration counts once, however often it is replayed on the same days. `url`: as `MTF_TRIALS`; None: the file
    in the user's data folder. Raises `StoreError` where the ledger does not answer.
    """
    data = data_of(replayed.markets, Stretch(replayed.first_ms, replayed.last_ms))
    with TrialLedger.opened(url) as ledger:
        ledger.note_data(data)
        if replayed.profile_digest not in ledger.configurations_on(data.digest):
            (trial_id,) = ledger.begin([_start(replayed, data.digest)])
            sharpe = sharpe_of(daily_returns(curve_of(replayed)))
            document = {"trades": len(replayed.trades)}
            ledger.end(trial_id, Outcome(OutcomeKind.SCORED, document), None if sharpe is None else sharpe.ratio)
        return ledger.trials_on(data.digest, replayed.profile_digest)


def _start(replayed: Ledger, data: str) -> TrialStart:
    key = {
        "replay": data,
        "profile": replayed.profile_digest,
        "assumptions": plain(replayed.settings),
        "version": replayed.version,
    }
    return TrialStart(
        key=digest_of(key),
        search="",
        data=data,
        profile=replayed.profile_digest,
        parameters_digest=parameters_digest({}),
        configuration=replayed.profile_digest,
        kind=TrialKind.REPLAY,
    )
