"""A profile: everything that its files say, checked, and identified by a digest of what is in effect."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, frozen

from mtf_core.market import Timeframe
from mtf_core.rules.ruleset import ContextMode, RuleSet
from mtf_core.settings import refused
from mtf_core.settings.contracts import ContractSettings, read_contracts
from mtf_core.settings.digest import digest_of
from mtf_core.settings.indicators import IndicatorSettings, read_indicators
from mtf_core.settings.nodes import ConfigError, ConfigNode, ConfigProblem, Place, Problems
from mtf_core.settings.plain import Plain, node_from, plain
from mtf_core.settings.structure import structure
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trade_entry_checks import check_trade_entry
from mtf_core.settings.trade_entry_refused import REFUSED_KEYS
from mtf_core.settings.trading import TradingSettings, read_trading
from mtf_core.settings.validation import read_validation


class Document(StrEnum):
    """The files that make a profile, by the first part of their names."""

    VALIDATIONS = "mtf_validations"
    TRADE_ENTRY = "trade_entry"
    CONTRACTS = "mtf_contracts"
    INDICATOR = "indicator"
    TRADING = "trading"


REQUIRED = (Document.VALIDATIONS, Document.TRADE_ENTRY)
"""The documents without which there is nothing to decide by; the defaults stand in for the others."""

_WRAPPERS = {Document.VALIDATIONS: ("mtf_validations", "mtf_validation")}


@frozen(eq=False)
class Profile:
    """The checked configuration of one profile.

    `content` is the effective configuration as JSON, defaults filled in: the same profile can be built from it, and
    `digest` (SHA-256, hexadecimal) is the same for files that say the same in another layout.
    """

    name: str
    rules: RuleSet
    trade_entry: TradeEntrySettings
    contracts: ContractSettings
    indicators: IndicatorSettings
    trading: TradingSettings
    content: Mapping[str, Plain]
    digest: str
    documents: Mapping[str, ConfigNode]
    """The trees that the profile was read from, overlays applied; they know the origin of each value."""
    warnings: tuple[ConfigProblem, ...] = ()

    @property
    def entry_timeframes(self) -> tuple[Timeframe, ...]:
        """The timeframes on which it may enter, highest first: those it executes and trade entry allows."""
        return _entry_timeframes(self.rules, self.trade_entry)

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, digest {self.digest[:12]})"


def unwrapped(document: str, node: ConfigNode) -> ConfigNode:
    """The settings of a file, also when all of them stand below one key with the document's name."""
    if isinstance(node.value, Mapping) and len(node.value) == 1:
        ((key, inner),) = node.value.items()
        if key == document or key in _WRAPPERS.get(Document(document), ()):
            return inner
    return node


def build_profile(
    name: str, documents: Mapping[str, ConfigNode], problems: Problems, *, thorough: bool = False
) -> Profile | None:
    """The profile that the documents describe (by `Document`, overlays applied), or None after reporting why not.

    Every error is found in any case; `thorough` adds what a check of the configuration tells besides.
    """
    before = len(problems.errors)
    nodes = {document: _node(document, documents, problems) for document in Document}
    validations, trade_entry_node = nodes[Document.VALIDATIONS], nodes[Document.TRADE_ENTRY]
    indicators = read_indicators(nodes[Document.INDICATOR], problems)
    contracts = read_contracts(nodes[Document.CONTRACTS], problems)
    trading = read_trading(nodes[Document.TRADING], problems)
    trade_entry = _read_trade_entry(trade_entry_node, problems) if Document.TRADE_ENTRY in documents else None
    rules = (
        read_validation(validations, indicators or IndicatorSettings(), problems, thorough=thorough)
        if Document.VALIDATIONS in documents
        else None
    )
    if rules is not None and trade_entry is not None:
        _check_timeframes(rules, trade_entry, trade_entry_node, problems)
        if thorough:
            _warn_of_idle_risk(rules, trade_entry, trade_entry_node, problems)
    if len(problems.errors) > before or not (rules and trade_entry and indicators and contracts and trading):
        return None
    content: dict[str, Plain] = {
        "profile": name,
        Document.VALIDATIONS.value: plain(validations),
        Document.TRADE_ENTRY.value: plain(trade_entry),
        Document.CONTRACTS.value: plain(contracts),
        Document.INDICATOR.value: plain(indicators),
        # Which profiles a run may choose by itself is no part of the one that was chosen.
        Document.TRADING.value: plain(evolve(trading, profiles={})),
    }
    return Profile(
        name=name,
        rules=rules,
        trade_entry=trade_entry,
        contracts=contracts,
        indicators=indicators,
        trading=trading,
        content=content,
        digest=digest_of(content),
        documents={document.value: node for document, node in nodes.items()},
        warnings=problems.warnings,
    )


def check_common(document: Document, node: ConfigNode, problems: Problems) -> None:
    """Adds what is wrong with keys and values of a file that all profiles start from, also where each has its own."""
    if document is Document.TRADE_ENTRY:
        structure(TradeEntrySettings, refused.without_refused(node, REFUSED_KEYS, problems), problems)
    if document is Document.CONTRACTS:
        structure(ContractSettings, refused.without_refused(node, refused.REFUSED_CONTRACT_KEYS, problems), problems)


def profile_from_content(content: Mapping[str, Plain]) -> Profile:
    """The profile that has this content; raises `ConfigError` if this version of the code refuses it."""
    problems = Problems()
    name = content.get("profile")
    documents = {
        document.value: node_from(content[document.value], Place(f"stored {document.value}", 1))
        for document in Document
        if document.value in content
    }
    profile = build_profile(str(name), documents, problems)
    if profile is None:
        raise ConfigError(problems.errors)
    return profile


def with_context_mode(profile: Profile, mode: ContextMode) -> Profile:
    """The same profile with context timeframes that must agree in another way; it has its own content and digest."""
    if mode is profile.rules.mode:
        return profile
    validations = profile.content[Document.VALIDATIONS.value]
    assert isinstance(validations, Mapping)
    return profile_from_content({**profile.content, Document.VALIDATIONS.value: {**validations, "mode": str(mode)}})


def _node(document: Document, documents: Mapping[str, ConfigNode], problems: Problems) -> ConfigNode:
    given = documents.get(document)
    if given is not None:
        return unwrapped(document, given)
    place = Place(document.value, 1)
    if document in REQUIRED:
        problems.error(place, f"the document {document.value!r} is missing", "it is required")
    return ConfigNode({}, place)


def _read_trade_entry(node: ConfigNode, problems: Problems) -> TradeEntrySettings | None:
    before = len(problems.errors)
    settings = structure(TradeEntrySettings, refused.without_refused(node, REFUSED_KEYS, problems), problems)
    if settings is not None:
        check_trade_entry(settings, node, problems)
    return settings if len(problems.errors) == before else None


def _check_timeframes(rules: RuleSet, trade_entry: TradeEntrySettings, node: ConfigNode, problems: Problems) -> None:
    """Trade-entry settings by timeframe speak of the profile's execution timeframes."""
    execution = rules.execution_timeframes
    names = ", ".join(execution)
    allowed = trade_entry.decision.allowed_execution_timeframes
    if allowed and not set(allowed) & set(execution):
        problems.error(
            node.place_of("decision", "allowed_execution_timeframes"),
            "none of these is an execution timeframe of the profile, so nothing would ever be planned",
            f"execution timeframes: {names}",
        )
    market = trade_entry.market_entry
    if market.enabled and not set(market.allowed_execution_timeframes) & set(execution):
        problems.error(
            node.place_of("market_entry", "allowed_execution_timeframes"),
            "none of these is an execution timeframe of the profile, so no entry would ever become a market entry",
            f"execution timeframes: {names}",
        )
    by_timeframe: tuple[tuple[tuple[str, str], Mapping[Timeframe, object]], ...] = (
        (("leverage", "leverage_by_timeframe"), trade_entry.leverage.leverage_by_timeframe),
        (("defaults", "r_timeframe_multipliers"), trade_entry.defaults.r_timeframe_multipliers),
        (("risk", "risk_by_timeframe"), trade_entry.risk.risk_by_timeframe),
    )
    for path, values in by_timeframe:
        for timeframe in (timeframe for timeframe in values if timeframe not in execution):
            problems.error(
                node.place_of(*path, timeframe),
                f"a multiplier for {timeframe}, which is not an execution timeframe of the profile",
                f"it has no effect; execution timeframes: {names}",
            )


def _entry_timeframes(rules: RuleSet, trade_entry: TradeEntrySettings) -> tuple[Timeframe, ...]:
    allowed = trade_entry.decision.allowed_execution_timeframes or rules.execution_timeframes
    return tuple(timeframe for timeframe in rules.execution_timeframes if timeframe in allowed)


def _warn_of_idle_risk(rules: RuleSet, trade_entry: TradeEntrySettings, node: ConfigNode, problems: Problems) -> None:
    """Warns of a risk that no plan can use up: liquidation lies `min_liquidation_ratio` stop distances away.

    A position of the whole budget is liquidated after about a loss of the budget, so its stop loses at most
    1 / min_liquidation_ratio of it.
    """
    ratio = trade_entry.risk.min_liquidation_ratio
    cap = trade_entry.leverage.max_loss_pct or Decimal(1)
    for timeframe in _entry_timeframes(rules, trade_entry):
        share = min(trade_entry.risk_ratio(timeframe), cap)
        if share * ratio > 1:
            problems.warning(
                node.place_of("risk", "risk_by_timeframe", timeframe),
                f"the risk of a trade on {timeframe} is {_percent(share)} of the budget, and can never be used up",
                f"with min_liquidation_ratio {ratio} no trade loses more than {_percent(1 / ratio)}: lower the risk",
            )


def _percent(share: Decimal) -> str:
    return f"{round(share * 100, 1).normalize():f} %"
