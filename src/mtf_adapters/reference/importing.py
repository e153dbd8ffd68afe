"""Importing a file of the reference: read, convert, check with the loader, write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from mtf_adapters.files.yaml import parse_yaml, read_yaml
from mtf_adapters.reference.comments import Comments, comments_of
from mtf_adapters.reference.companions import Companions
from mtf_adapters.reference.conversion import Conversion, convert
from mtf_adapters.reference.detection import Source, detect
from mtf_adapters.reference.exposure import report_looser_limits
from mtf_adapters.reference.findings import Finding, FindingKind, Findings
from mtf_adapters.reference.inheriting import report_inherited
from mtf_adapters.reference.trees import at_path, is_empty
from mtf_adapters.reference.writing import written
from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.nodes import ConfigNode, ConfigProblem, Place, Problems
from mtf_core.settings.profile import Document
from mtf_core.settings.structure import structure
from mtf_core.settings.trade_entry import TradeEntrySettings

_APP = "app"
_OVERLAID: Mapping[Document, type] = {
    Document.TRADE_ENTRY: TradeEntrySettings,
    Document.CONTRACTS: ContractSettings,
}
"""Documents of which a profile's file is laid over a common one, with the settings that they become."""


@frozen(eq=False)
class Imported:
    """The outcome of importing one file."""

    file: str
    source: Source | None
    """None when it is no file that can be converted."""
    text: str | None
    """The converted file; also there when it does not load yet."""
    findings: tuple[Finding, ...]
    problems: tuple[ConfigProblem, ...]
    """Why it was refused, at places of the source; empty when it loads."""
    warnings: tuple[ConfigProblem, ...]
    """What the loader remarks of the converted file, and what it cannot be together with."""
    lost_comments: tuple[int, ...] = ()
    """Lines of the source whose comments belonged to something that was left out."""

    @property
    def ok(self) -> bool:
        return not self.problems and self.text is not None

    @property
    def riskier(self) -> tuple[Finding, ...]:
        """Where more can be lost than the source allows."""
        return tuple(finding for finding in self.findings if finding.kind is FindingKind.RISKIER)

    @property
    def file_name(self) -> str | None:
        return self.source.file_name if self.source is not None else None


class ExistsError(Exception):
    """The file to be written is there already."""


def import_file(
    path: Path,
    *,
    profile: str | None = None,
    context_timeframes: tuple[str, ...] = (),
    out: Path | None = None,
    config_dir: Path | None = None,
) -> Imported:
    """Converts a file; nothing is written. `out` and `config_dir` are where the profile's other files are looked for.

    `context_timeframes` are given to validations that name none.

    Whatever the file holds, the outcome says what is wrong with it; only a fault of the disk raises (`OSError`).
    """
    problems, findings = Problems(), Findings()
    root = read_yaml(path, str(path), problems)
    if root is None or problems.errors:
        return _refused(path, problems, findings)
    source = detect(root, path.name, findings, problems, profile)
    if source is None or (context_timeframes and not _takes_context(source, problems)):
        return _refused(path, problems, findings)
    companions = Companions(path.parent, folder_in(out) if out is not None else None, config_dir)
    execution = _execution(source, companions, findings)
    conversion = convert(source, findings, execution, context_timeframes)
    _compare(conversion, companions, execution, findings)
    comments = comments_of(path.read_bytes().decode("utf-8-sig"))
    title = f"Converted from {path.name if path.name.isprintable() else 'a file'}."
    text = written(conversion.document, comments, title)
    return _judged(path, conversion, text, comments, companions, findings)


def _takes_context(source: Source, problems: Problems) -> bool:
    """Whether context timeframes may be given to a file; the reason why not is added."""
    if source.document is not Document.VALIDATIONS:
        problems.error(source.settings.place, f"context timeframes for {source.document}", "only rules have them")
        return False
    own = at_path(source.settings, ("context_timeframes",))
    if own is not None and not is_empty(own):
        problems.error(own.place, "the file names its context timeframes itself", "none may be given beside them")
        return False
    return True


def _refused(path: Path, problems: Problems, findings: Findings) -> Imported:
    return Imported(str(path), None, None, findings.in_order(), problems.errors, problems.warnings)


def _execution(source: Source, companions: Companions, findings: Findings) -> tuple[str, ...] | None:
    """The execution timeframes of the profile, which only a trade-entry file asks for."""
    if source.document is not Document.TRADE_ENTRY or source.profile is None:
        return None
    known = companions.execution_timeframes(source.profile)
    root = ConfigNode({}, source.settings.place)
    if known is None:
        findings.decision(
            root,
            f"the execution timeframes of {source.profile!r} are not known",
            "multipliers are kept for every timeframe; convert the validations of the profile first",
            "decision 2",
        )
        return None
    return known[1]


def _compare(
    conversion: Conversion, companions: Companions, execution: tuple[str, ...] | None, findings: Findings
) -> None:
    """Adds what comes into effect from the common file, and every limit that is wider than the source's."""
    common, settings = companions.common(conversion.source), _OVERLAID.get(conversion.source.document)
    if common is not None and settings is not None:
        report_inherited(settings, conversion.document, common, findings)
    if conversion.source.document is not Document.TRADE_ENTRY:
        return
    here = structure(TradeEntrySettings, companions.in_effect(conversion), Problems())
    if here is not None:
        report_looser_limits(conversion.source.settings, here, execution, findings)


def _judged(
    path: Path, conversion: Conversion, text: str, comments: Comments, companions: Companions, findings: Findings
) -> Imported:
    said = companions.problems_of(conversion)
    own = tuple(problem for problem in said.errors if problem.place.file == str(path))
    others = tuple(problem for problem in said.errors if problem.place.file != str(path))
    remarks = tuple(problem for problem in said.warnings if problem.place.file == str(path))
    if not _reads_back(text, conversion.document):
        place = Place(str(path), conversion.document.place.line)
        own += (ConfigProblem(place, "the converted text is not what was meant", "please report this file"),)
    return Imported(
        file=str(path),
        source=conversion.source,
        text=text,
        findings=findings.in_order(),
        problems=tuple(dict.fromkeys(own)),
        warnings=tuple(dict.fromkeys((*others, *remarks))),
        lost_comments=comments.left_lines,
    )


def _reads_back(text: str, document: ConfigNode) -> bool:
    """Whether the text says the same as the tree that was checked."""
    problems = Problems()
    node = parse_yaml(text, "converted", problems)
    return node is not None and not problems.errors and node.to_plain() == document.to_plain()


def folder_in(out: Path) -> Path:
    """Where application files belong below a folder: its `app/` if it is a configuration folder."""
    app = out / _APP
    return app if app.is_dir() or (out / "trading.yaml").is_file() else out


def write_imported(imported: Imported, out: Path, *, force: bool = False) -> Path:
    """Writes the converted file into a folder and returns its path; raises `ExistsError` rather than replace one."""
    if imported.text is None or imported.file_name is None:
        raise ValueError("there is nothing to write")
    target = folder_in(out) / imported.file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(imported.text)
    except FileExistsError:
        raise ExistsError(f"{target} exists already; --force replaces it") from None
    return target
