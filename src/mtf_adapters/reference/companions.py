"""The other documents of a profile, so that a converted file can be judged by the real loader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import define, field

from mtf_adapters.files.config_dir import ConfigFolder, config_dir_in_use
from mtf_adapters.files.yaml import parse_yaml, read_yaml
from mtf_adapters.reference.conversion import Conversion
from mtf_adapters.reference.detection import Source, detect
from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trees import entries_of
from mtf_adapters.reference.validations import converted_validations, execution_timeframes
from mtf_core.market import Timeframe
from mtf_core.settings.nodes import ConfigNode, Place, Problems, overlaid
from mtf_core.settings.profile import Document, build_profile, unwrapped

_ANY_TIMEFRAMES = "any timeframes"
_VALIDATIONS = """
mode: pragmatic
context_timeframes: [1d]
execution_timeframes: [4h, 1h, 15m, 5m, 1m]
validation:
  timeframe:
    1d: {long: [{gt: 50, field: rsi}]}
    4h: {long: [{gt: 50, field: rsi}]}
    1h: {long: [{gt: 50, field: rsi}]}
    15m: {long: [{gt: 50, field: rsi}]}
    5m: {long: [{gt: 50, field: rsi}]}
    1m: {long: [{gt: 50, field: rsi}]}
"""
"""Stands in for the rules of a profile that nobody knows yet: every timeframe may be executed."""


@define(eq=False)
class Companions:
    """What stands beside a converted file: the folder it goes to, that of its source, the configuration in use."""

    source_folder: Path
    out: Path | None = None
    config_dir: Path | None = None
    _config: ConfigFolder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._config = ConfigFolder(config_dir_in_use(self.config_dir))

    def execution_timeframes(self, profile: str | None) -> tuple[str, tuple[str, ...]] | None:
        """The file that says which timeframes the profile executes, and what it says; None when none does."""
        validations = self._validations(profile)
        if validations is None:
            return None
        entries = entries_of(validations)
        with_rules = entries_of(entries_of(entries.get("validation")).get("timeframe"))
        execution = execution_timeframes(entries, [name for name in with_rules if name in tuple(Timeframe)])
        return (validations.place.file, execution) if execution else None

    def problems_of(self, conversion: Conversion) -> Problems:
        """What the loader says of the converted document among the others."""
        problems = Problems()
        source = conversion.source
        documents = {document.value: node for document, node in self._beside(source.document, source.profile)}
        documents[source.document.value] = self.in_effect(conversion)
        build_profile(source.profile or "common", documents, problems, thorough=False)
        return problems

    def common(self, source: Source) -> ConfigNode | None:
        """The common file over which the one that the source becomes is laid; None where there is none."""
        if source.profile is None or source.document not in (Document.TRADE_ENTRY, Document.CONTRACTS):
            return None
        return self._read(f"{source.document}.yaml", source.document)

    def in_effect(self, conversion: Conversion) -> ConfigNode:
        """The converted document laid over the common one."""
        common = self.common(conversion.source)
        return conversion.document if common is None else overlaid(common, conversion.document)

    def _beside(self, converted: Document, profile: str | None) -> Iterator[tuple[Document, ConfigNode]]:
        """Every document but the converted one."""
        if converted is not Document.VALIDATIONS:
            yield Document.VALIDATIONS, self._validations(profile) or _any_validations()
        for document in (Document.TRADE_ENTRY, Document.CONTRACTS):
            if converted is not document:
                common = self._read(f"{document}.yaml", document) or ConfigNode({}, Place(f"{document}.yaml", 1))
                own = self._in_out(f"{document}.{profile}.yaml", document)
                yield document, overlaid(common, own) if own is not None else common
        if converted is not Document.INDICATOR:
            indicator = self._read("indicator.yaml", Document.INDICATOR)
            if indicator is not None:
                yield Document.INDICATOR, indicator

    def _validations(self, profile: str | None) -> ConfigNode | None:
        if profile is None:
            return None
        name = f"{Document.VALIDATIONS}.{profile}.yaml"
        converted = self._in_out(name, Document.VALIDATIONS)
        if converted is not None:
            return converted
        for candidate in (name, f"validations.{profile}.yaml"):
            node = _document(self.source_folder / candidate)
            source = detect(node, candidate, Findings(), Problems()) if node is not None else None
            if source is not None and source.document is Document.VALIDATIONS:
                return converted_validations(source.settings, Findings())
        node = _document(self._config.app / name)
        return unwrapped(Document.VALIDATIONS, node) if node is not None else None

    def _in_out(self, name: str, document: Document) -> ConfigNode | None:
        node = _document(self.out / name) if self.out is not None else None
        return unwrapped(document, node) if node is not None else None

    def _read(self, name: str, document: Document) -> ConfigNode | None:
        own = self._in_out(name, document)
        if own is not None:
            return own
        node = _document(self._config.app / name)
        return unwrapped(document, node) if node is not None else None


def _document(path: Path) -> ConfigNode | None:
    """The tree of a file that is there and readable; what is wrong with it is not the matter here."""
    problems = Problems()
    node = read_yaml(path, str(path), problems) if path.is_file() else None
    return None if problems.errors else node


def _any_validations() -> ConfigNode:
    node = parse_yaml(_VALIDATIONS, _ANY_TIMEFRAMES, Problems())
    if node is None:
        raise AssertionError("the built-in rules are no YAML")
    return node
