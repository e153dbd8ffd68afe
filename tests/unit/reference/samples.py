"""The reference's profiles as files in its own format, and short ways to convert a text."""

from pathlib import Path

from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.files.yaml import parse_yaml
from mtf_adapters.reference import Finding, FindingKind, Imported, import_file
from mtf_core.settings.nodes import ConfigNode, Problems
from mtf_core.settings.profile import Document, Profile, build_profile

FILES = Path(__file__).parent / "files"
CONFIG = config_dir_in_use()

VALIDATIONS = {
    "scalper_micro": "validations.scalper_micro.yaml",
    "scalper": "mtf_validations.scalper.yaml",
    "regular": "validations.regular.yaml",
    "crash": "mtf_validations.crash.yaml",
}


def imported(name: str) -> Imported:
    """A file of the samples, converted."""
    return import_file(FILES / name, config_dir=CONFIG)


def convert_text(folder: Path, text: str, name: str = "validations.some.yaml") -> Imported:
    """A text as a file of that name, converted."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return import_file(path, config_dir=CONFIG)


def tree(text: str | None) -> ConfigNode:
    """A text that must be sound YAML."""
    problems = Problems()
    node = parse_yaml(text or "", "text", problems)
    assert node is not None, problems.items
    assert not problems.errors
    return node


def plain(outcome: Imported) -> object:
    """What the converted file says, as plain values."""
    assert outcome.text is not None
    return tree(outcome.text).to_plain()


def profile_of(text: str, trade_entry: str = "{}") -> Profile:
    """The profile that these rules make; a problem in them fails the test."""
    problems = Problems()
    documents = {
        Document.VALIDATIONS.value: tree(text),
        Document.TRADE_ENTRY.value: tree(trade_entry),
        Document.INDICATOR.value: tree((CONFIG / "app" / "indicator.yaml").read_text(encoding="utf-8")),
    }
    profile = build_profile("some", documents, problems)
    assert profile is not None, [str(problem) for problem in problems.errors]
    return profile


def of_kind(outcome: Imported, kind: FindingKind) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.kind is kind]


def about(outcome: Imported, path: str) -> list[Finding]:
    """Findings at a place whose path ends so."""
    return [finding for finding in outcome.findings if finding.place.path.endswith(path)]


MINIMAL = """
mtf_validation:
    mode: strict
    context_timeframes: ['1h']
    execution_timeframes: ['5m']
    rules:
{rules}
    validation:
        timeframe:
            '1h':
                long: [rsi_bullish]
            '5m':
                long:
{entries}
"""


def with_rules(rules: str, *entries: str) -> str:
    """A small file of the reference with these rules and these entries on 5m."""
    indented = "\n".join(f"        {line}" for line in rules.strip("\n").split("\n"))
    return MINIMAL.format(rules=indented, entries="\n".join(f"                    - {entry}" for entry in entries))
