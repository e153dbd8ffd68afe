"""What a run is asked to do: each option once, with everything that command line, HTTP and the reference say of it.

Light on purpose: `mtf run --help` reads it without waiting for numpy. Reading values is the business of
`mtf_core.runs.request`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import field, fields, frozen

if TYPE_CHECKING:
    from mtf_core.market import Timeframe
    from mtf_core.rules.ruleset import ContextMode

MAX_SYMBOLS = 5000
MAX_WORKERS = 64
MAX_NAME_LENGTH = 100
DEFAULT_WORKERS = 8


class Form(StrEnum):
    """How a value is written; the value says it in words."""

    FLAG = "true or false"
    COUNT = "a whole number"
    NAME = "a text"
    MARKET_TYPE = "a kind of contracts"
    SYMBOLS = "a list of symbols"
    TIMEFRAME = "a timeframe"
    CONTEXT_MODE = "strict or pragmatic"
    INSTANT = "an instant like 2026-01-31T14:00Z"


def _option(
    default: Any,
    form: Form,
    doc: str,
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    most: int | None = None,
    synonyms: Mapping[str, str] | None = None,
    refused: Mapping[bool, str] | None = None,
) -> Any:
    said: dict[str, Any] = {"form": form, "doc": doc, "aliases": aliases, "most": most}
    said |= {"synonyms": synonyms or {}, "refused": refused or {}}
    return field(default=default, metadata=said if name is None else {**said, "name": name})


@frozen
class RunRequest:
    """One run."""

    symbols: tuple[str, ...] = _option(
        (),
        Form.SYMBOLS,
        "symbols to look at, a list or separated by commas; none: selected by mtf_contracts",
        most=MAX_SYMBOLS,
    )
    limit: int | None = _option(None, Form.COUNT, "look at no more than so many symbols", most=MAX_SYMBOLS)
    profile: str | None = _option(
        None, Form.NAME, "profile; none: the first enabled one", aliases=("mtf_profile",), most=MAX_NAME_LENGTH
    )
    validation_mode: ContextMode | None = _option(
        None,
        Form.CONTEXT_MODE,
        "how context timeframes must agree in this run, strict or pragmatic; none: as the profile says",
        aliases=("context_mode",),
    )
    dry_run: bool = _option(
        True,
        Form.FLAG,
        "plan and report, send nothing; false sends the orders that pass every guard",
    )
    workers: int = _option(DEFAULT_WORKERS, Form.COUNT, "symbols fetched at the same time", most=MAX_WORKERS)
    force_run: bool = _option(False, Form.FLAG, "look at symbols whose switch is off")
    current_tf: Timeframe | None = _option(
        None, Form.TIMEFRAME, "only this timeframe may take the entry; the context is evaluated all the same"
    )
    force_timeframe_check: bool = _option(
        False, Form.FLAG, "evaluate timeframes again whose last candle was evaluated before"
    )
    skip_context: bool = _option(False, Form.FLAG, "leave the side to the execution timeframe")
    skip_open_state_filter: bool = _option(
        False, Form.FLAG, "validate busy symbols, too; they never get a second entry"
    )
    lock_per_symbol: bool = _option(
        False, Form.FLAG, "lock symbols only, so that runs of one profile may overlap on others"
    )
    sync_tables: bool = _option(True, Form.FLAG, "read the account; without it nothing can be placed")
    process_tp_sl: bool = _option(
        False,
        Form.FLAG,
        "recalculate targets of open positions",
        refused={True: "needs order supervision, which this version does not have"},
    )
    exchange: str | None = _option(
        None,
        Form.NAME,
        "exchange that is asked; none: the configured one",
        aliases=("cex",),
        most=MAX_NAME_LENGTH,
    )
    market_type: str = _option(
        "perpetual",
        Form.MARKET_TYPE,
        "kind of contracts",
        aliases=("type_contract",),
        synonyms=dict.fromkeys(("perp", "future", "futures"), "perpetual"),
    )
    at_ms: int | None = _option(
        None, Form.INSTANT, "evaluate as of a past instant, where the exchange has one to visit", name="at"
    )
    requested_by: str | None = _option(
        None, Form.NAME, "who asked; kept with the run", aliases=("user_id",), most=MAX_NAME_LENGTH
    )

    def to_json(self) -> dict[str, Any]:
        """The request with JSON types, as it is stored and reported."""
        from mtf_core.market import format_instant  # noqa: PLC0415  # it brings numpy, see above

        document: dict[str, Any] = {}
        for option in OPTIONS:
            value = getattr(self, option.attribute)
            match option.form:
                case Form.SYMBOLS:
                    value = list(value) or None
                case Form.INSTANT if value is not None:
                    value = format_instant(value)
                case Form.TIMEFRAME | Form.CONTEXT_MODE if value is not None:
                    value = str(value)
            document[option.name] = value
        return document


@frozen
class Option:
    """One field of a request, with all that is said of it."""

    name: str
    """As it is written in documents and query strings; with dashes it is the command line's."""
    attribute: str
    """Its name in `RunRequest`."""
    default: Any
    form: Form
    doc: str
    aliases: tuple[str, ...]
    """Names under which clients of the reference know it."""
    most: int | None
    """The largest value of a count (the smallest is 1), the greatest number of symbols, or of characters."""
    synonyms: Mapping[str, str]
    """Other words for a value, and the value that they mean."""
    refused: Mapping[bool, str]
    """Values of a flag that this version does not honour, and why."""


OPTIONS: tuple[Option, ...] = tuple(
    Option(**{"name": each.name, "attribute": each.name, "default": each.default, **each.metadata})
    for each in fields(RunRequest)
)
"""Every field of a request, in their order."""
