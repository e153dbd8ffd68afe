"""The manifest of a series: which files there are, what is in them, where it came from, what the exchange lacks."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import evolve, frozen

from mtf_adapters.archive.errors import ArchiveError, DamagedArchiveError
from mtf_adapters.archive.layout import TIMEFRAME, first_minute
from mtf_adapters.archive.spans import Span, joined, without
from mtf_core.market import MINUTE_MS, Contract
from mtf_core.records.codec import UnreadableRecordError
from mtf_core.records.documents import from_document, to_document

FORMAT = 1


@frozen
class YearRecord:
    """One year's file."""

    year: int
    count: int
    first_open_ms: int
    last_open_ms: int
    digest: str
    """Of its candles (`candles_digest`), whatever the file's bytes are."""
    file_sha256: str
    """Of the file's bytes."""
    size: int
    """Bytes of the file."""


@frozen
class Source:
    """Where candles came from."""

    origin: str
    """`files`, or the namespace of an exchange's world."""
    label: str
    """What people call that world; empty for files."""
    files: tuple[str, ...]
    at_ms: int
    """When they were added."""
    first_open_ms: int
    last_open_ms: int
    added: int
    changed: int
    """How many others they replaced."""


@frozen
class Manifest:
    """What is known of a series of candles."""

    format: int
    symbol: str
    timeframe: str
    years: tuple[YearRecord, ...] = ()
    becoming: tuple[YearRecord, ...] = ()
    """Files that are being replaced at this moment: until that is over, either of the two may be there."""
    sources: tuple[Source, ...] = ()
    answered: tuple[Span, ...] = ()
    """What an exchange was asked for and answered: what is missing there, it does not have."""
    contract: Contract | None = None
    contract_at_ms: int | None = None
    """When the exchange described the contract so."""

    def record_of(self, year: int) -> YearRecord | None:
        """What there is of a year; None: nothing."""
        return next((record for record in self.years if record.year == year), None)

    def there(self, first_open_ms: int | None = None, last_open_ms: int | None = None) -> tuple[int, ...]:
        """The years that may have candles within these open times, oldest first."""
        return tuple(
            record.year
            for record in self.years
            if (first_open_ms is None or record.last_open_ms >= first_open_ms)
            and (last_open_ms is None or record.first_open_ms <= last_open_ms)
        )

    def with_years(self, records: tuple[YearRecord, ...]) -> Manifest:
        """With these files in the place of what was there; nothing is on its way any more."""
        new = {record.year for record in records}
        kept = (record for record in self.years if record.year not in new)
        return evolve(self, years=tuple(sorted((*kept, *records), key=lambda record: record.year)), becoming=())

    def without_year(self, year: int) -> Manifest:
        """As if nothing were known of a year, so that it can be brought anew."""
        span = Span(first_minute(year), first_minute(year + 1) - MINUTE_MS)
        kept = tuple(record for record in self.years if record.year != year)
        return evolve(self, years=kept, answered=without(self.answered, span))

    def with_source(self, source: Source) -> Manifest:
        """Told where candles came from; an exchange is one source however often it is asked."""
        same = [one for one in self.sources if one.origin == source.origin and not (one.files or source.files)]
        for one in same:
            source = evolve(
                source,
                first_open_ms=min(one.first_open_ms, source.first_open_ms),
                last_open_ms=max(one.last_open_ms, source.last_open_ms),
                added=one.added + source.added,
                changed=one.changed + source.changed,
            )
        return evolve(self, sources=(*(one for one in self.sources if one not in same), source))

    def with_answer(self, span: Span) -> Manifest:
        return evolve(self, answered=joined((*self.answered, span)))


def new_manifest(symbol: str) -> Manifest:
    return Manifest(FORMAT, symbol, str(TIMEFRAME))


def manifest_content(manifest: Manifest) -> bytes:
    return (json.dumps(to_document(manifest), indent=1, ensure_ascii=False) + "\n").encode()


def read_manifest(path: Path, symbol: str) -> Manifest | None:
    """The manifest in a file; None where there is none. Raises `ArchiveError`, which names the file."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if isinstance(document, dict) and document.get("format") != FORMAT:
        raise DamagedArchiveError(f"{path}: has the format {document.get('format')}, this version reads {FORMAT}")
    try:
        manifest = from_document(document, Manifest)
    except UnreadableRecordError as error:
        raise _damaged(path, str(error)) from error
    if (manifest.symbol, manifest.timeframe) != (symbol, str(TIMEFRAME)):
        raise DamagedArchiveError(f"{path}: is the manifest of {manifest.timeframe} candles of {manifest.symbol}")
    return manifest


def _damaged(path: Path, why: str) -> DamagedArchiveError:
    return DamagedArchiveError(
        f"{path}: cannot be read: {why.splitlines()[0][:200]}. The candles are in the files beside it: remove the "
        "manifest, and what these say of themselves is taken; where the candles came from is then not known any more"
    )
