"""The report of a replay: what its JSON document, the terminal, the page and the notebook all show.

report = ledger_report(ledger)
report.to_json()
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mtf_core.market import format_instant
from mtf_core.replay.checks import Check, checks_of
from mtf_core.replay.figures import Figures, figures_of
from mtf_core.replay.honesty import Honesty, Trials, honesty_of
from mtf_core.replay.ledger import Ledger
from mtf_core.replay.report_html import report_html
from mtf_core.replay.report_json import document_of
from mtf_core.words import counted


@frozen(eq=False, repr=False)
class Report:
    """A finished ledger with everything that is computed from it."""

    ledger: Ledger
    figures: Figures
    honesty: Honesty
    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, Any]:
        """The document that `--json` prints; its names are a contract (`report_json.py`)."""
        return document_of(self)

    def __repr__(self) -> str:
        """One line: a ledger holds every candle and every READY minute."""
        ledger, sums = self.ledger, self.figures.sums
        span = f"{format_instant(ledger.first_ms)} to {format_instant(ledger.last_ms)}"
        counts = f"{counted(len(ledger.markets), 'symbol')}, {counted(sums.trades, 'trade')}"
        return f"Report({ledger.profile}, {span}: {counts}, net {sums.net_usdt:+.2f} USDT)"

    def _repr_html_(self) -> str:
        return report_html(self)


def ledger_report(ledger: Ledger, trials: Trials | int = 1) -> Report:
    """The report of a finished ledger. `trials`: how many configurations were tried on its data, this one included."""
    figures = figures_of(ledger)
    tried = Trials(trials) if isinstance(trials, int) else trials
    return Report(ledger, figures, honesty_of(ledger, figures, tried), checks_of(ledger, figures.sums))
