"""Which kind of file of the reference a tree is, and which profile it speaks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from mtf_adapters.reference.findings import Findings
from mtf_adapters.reference.trees import Entries, as_map, entries_of, said
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.profile import Document
from mtf_core.settings.trading import PROFILE_ALIASES

_WRAPPERS: Mapping[str, Document] = {
    "mtf_validation": Document.VALIDATIONS,
    "mtf_validations": Document.VALIDATIONS,
    "trade_entry": Document.TRADE_ENTRY,
    "mtf_contracts": Document.CONTRACTS,
    "indicator": Document.INDICATOR,
}
_OWN_KEYS: Mapping[Document, frozenset[str]] = {
    Document.VALIDATIONS: frozenset(
        {"rules", "validation", "execution_selector", "filters_mandatory", "context_timeframes"}
    ),
    Document.TRADE_ENTRY: frozenset({"leverage", "risk", "entry", "post_validation", "market_entry", "decision"}),
    Document.CONTRACTS: frozenset({"selection"}),
    Document.INDICATOR: frozenset({"indicators", "atr", "calculation"}),
}
_NAMES: Mapping[str, Document] = {
    "validations": Document.VALIDATIONS,
    "validation": Document.VALIDATIONS,
    "mtf_validation": Document.VALIDATIONS,
    **{document.value: document for document in (Document.VALIDATIONS, Document.TRADE_ENTRY, Document.CONTRACTS)},
    Document.INDICATOR.value: Document.INDICATOR,
}
_PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LABELS = ("version", "meta")
NAMELESS = "imported"
"""The profile of a file that names none."""


@frozen
class Source:
    """A file of the reference: what it is, for which profile, and its settings without what stands around them."""

    document: Document
    profile: str | None
    settings: ConfigNode

    @property
    def file_name(self) -> str:
        """The name that the converted file has in this project."""
        if self.profile is None or self.document is Document.INDICATOR:
            return f"{self.document}.yaml"
        return f"{self.document}.{self.profile}.yaml"


def is_profile_name(name: str) -> bool:
    """Whether a profile may be called so: letters, digits, `_` and `-`."""
    return _PROFILE_NAME.fullmatch(name) is not None


def detect(
    root: ConfigNode, file_name: str, findings: Findings, problems: Problems, profile: str | None = None
) -> Source | None:
    """What the tree of a file is; None after a problem when it is nothing that can be converted.

    What the file holds counts first, then its name. `profile` replaces the one that the file's name says.
    """
    stem, own_profile = _parts(file_name)
    document, settings = _settings(root, stem, findings)
    if document is None:
        problems.error(
            root.place,
            "the file is none that can be converted",
            f"allowed are files with one of the keys {', '.join(_WRAPPERS)}, or named like {', '.join(_NAMES)}",
        )
        return None
    if not entries_of(settings):
        problems.error(settings.place, f"found {settings.shown()}", f"allowed is a map with the settings of {document}")
        return None
    chosen = profile or _profile(own_profile, document, settings, findings)
    return Source(document, chosen, settings)


def _parts(file_name: str) -> tuple[str, str | None]:
    """`validations.scalper.yaml` → `validations`, `scalper`."""
    stem, *rest = [part for part in file_name.split(".") if part not in ("yaml", "yml", "dist", "example", "")] or [""]
    return stem, rest[0] if rest and is_profile_name(rest[0]) else None


def _settings(root: ConfigNode, stem: str, findings: Findings) -> tuple[Document | None, ConfigNode]:
    entries = entries_of(root)
    wrapper = next((key for key in entries if key in _WRAPPERS and _is_wrapper(key, entries)), None)
    if wrapper is not None:
        _report_beside(wrapper, entries, findings)
        return _WRAPPERS[wrapper], entries[wrapper]
    by_keys = {document: len(keys & entries.keys()) for document, keys in _OWN_KEYS.items()}
    best = max(by_keys, key=lambda document: by_keys[document])
    document = best if by_keys[best] else _NAMES.get(stem)
    return document, root


def _is_wrapper(key: str, entries: Entries) -> bool:
    """A key with the document's name holds the settings if it holds anything like a map, or nothing else could."""
    return isinstance(entries[key].value, Mapping) or not any(keys & entries.keys() for keys in _OWN_KEYS.values())


def _report_beside(wrapper: str, entries: Entries, findings: Findings) -> None:
    for key in (key for key in entries if key != wrapper):
        if key in _LABELS:
            findings.no_effect(entries[key], said(key, entries[key]), "a label, left out")
        else:
            findings.decision(
                entries[key],
                f"the key {key!r} beside {wrapper}",
                "left out: it is no part of this document; convert it from a file of its own if it is a document",
            )


def _profile(from_name: str | None, document: Document, settings: ConfigNode, findings: Findings) -> str | None:
    inside = entries_of(settings).get("profile")
    named = inside.value if inside is not None and isinstance(inside.value, str) else None
    name = from_name or (named if named is not None and is_profile_name(named) else None)
    if name is None and document is Document.VALIDATIONS:
        findings.decision(
            as_map(settings, {}),
            "neither the file's name nor a key says which profile this is",
            f"called {NAMELESS!r}; rename the converted file, or say --profile",
        )
        return NAMELESS
    own_name = PROFILE_ALIASES.get(name, name) if name is not None else None
    if own_name != name:
        findings.renamed(as_map(settings, {}), f"the profile {name!r}", f"its name here is {own_name!r}")
    return own_name
