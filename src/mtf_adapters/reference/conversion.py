"""A file of the reference as a document of this project: pure, from tree to tree."""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from mtf_adapters.reference.contracts import converted_contracts
from mtf_adapters.reference.detection import Source
from mtf_adapters.reference.findings import Finding, Findings
from mtf_adapters.reference.indicator import converted_indicator
from mtf_adapters.reference.trade_entry import converted_trade_entry
from mtf_adapters.reference.validations import converted_validations
from mtf_core.settings.nodes import ConfigNode
from mtf_core.settings.profile import Document


@frozen(eq=False)
class Conversion:
    """What a file became. Every value of `document` knows its place in the source."""

    source: Source
    document: ConfigNode
    findings: tuple[Finding, ...]


def convert(
    source: Source,
    findings: Findings,
    execution: Collection[str] | None = None,
    context_timeframes: Collection[str] = (),
) -> Conversion:
    """The document that says here what the file says there; `findings` may hold what detecting it told.

    `execution` are the execution timeframes of the profile where they are known; a trade-entry file needs them.
    `context_timeframes` are given to a validations file that has none.
    """
    common = source.profile is None
    match source.document:
        case Document.VALIDATIONS:
            document = converted_validations(source.settings, findings, context_timeframes)
        case Document.TRADE_ENTRY:
            document = converted_trade_entry(source.settings, findings, execution, common=common)
        case Document.CONTRACTS:
            document = converted_contracts(source.settings, findings, common=common)
        case _:
            document = converted_indicator(source.settings, findings)
    return Conversion(source, document, findings.in_order())
