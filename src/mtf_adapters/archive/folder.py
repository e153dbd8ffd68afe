"""One series' folder: its manifest and its files, read and replaced so that at every instant they belong together."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import evolve, frozen

from mtf_adapters.archive.errors import ArchiveError, DamagedArchiveError
from mtf_adapters.archive.layout import LOCK, MANIFEST, year_file, year_files
from mtf_adapters.archive.manifest import Manifest, YearRecord, manifest_content, new_manifest, read_manifest
from mtf_adapters.archive.year_content import proven_candles, year_candles, year_content
from mtf_adapters.local.durable import AS_THE_UMASK_SAYS, flush_folder, replace_whole
from mtf_core.market import Candles

try:
    import fcntl
except ImportError:  # where the system has none, one process at a time is relied upon
    fcntl = None  # type: ignore[assignment]

_LOOKS = 5
"""How often a reader looks again while another process replaces what it reads."""


@frozen
class SeriesFolder:
    """The folder of a symbol's candles. Any number of processes may read it, one at a time writes."""

    path: Path
    venue: str
    symbol: str

    def manifest(self) -> Manifest:
        """What is known of the series; without a manifest, what its files say. Raises `DamagedArchiveError`.

        Where a death, or this very moment, has left open which of two files is there, it is looked at.
        """
        manifest = read_manifest(self.path / MANIFEST, self.symbol) or self._from_files()
        there = [record for record in manifest.becoming if self._sha256(record.year) == record.file_sha256]
        return manifest.with_years(tuple(there)) if manifest.becoming else manifest

    def year(self, manifest: Manifest, year: int) -> Candles:
        """The candles of one of the manifest's years; raises `DamagedArchiveError` with the file's name."""
        for _ in range(_LOOKS):
            record, content = manifest.record_of(year), self._content(year)
            if record is not None and hashlib.sha256(content).hexdigest() == record.file_sha256:
                return self._decoded(content, record)
            newer = self.manifest()
            if newer == manifest:
                break
            manifest = newer
        raise DamagedArchiveError(
            f"{year_file(self.path, year)}: is not the file that was written: its bytes have another SHA-256 than the "
            "manifest says. It is not used; take it from a copy, or remove it and import or fetch the year again"
        )

    @contextmanager
    def alone(self) -> Iterator[Manifest]:
        """The manifest, for the only process that may write until the block ends; raises `ArchiveError`.

        Of a year whose file somebody has removed nothing is known any more.
        """
        descriptor = self._locked()
        try:
            manifest = self.manifest()
            for record in manifest.years:
                if not year_file(self.path, record.year).exists():
                    manifest = manifest.without_year(record.year)
            yield manifest
        finally:
            self._forget_if_empty()
            os.close(descriptor)

    def keep(self, manifest: Manifest, wanted: Manifest, years: Mapping[int, Candles]) -> Manifest:
        """Replaces the files of these years, and the manifest by the wanted one, within `alone`; returns what that says
        now.

        Each file is on the disk before the next begins. Whatever happens meanwhile, a year is the old or the new one.
        """
        contents = {year: self._encoded(year, candles) for year, candles in years.items()}
        records = tuple(record for _, record in contents.values())
        if contents:
            self.note(evolve(manifest, becoming=records))
        for year, (content, _) in contents.items():
            replace_whole(year_file(self.path, year), content, AS_THE_UMASK_SAYS)
        return self.note(wanted.with_years(records))

    def note(self, manifest: Manifest) -> Manifest:
        """Replaces the manifest alone."""
        replace_whole(self.path / MANIFEST, manifest_content(manifest), AS_THE_UMASK_SAYS)
        return manifest

    def prove(self, record: YearRecord) -> None:
        """Reads a file with everything that is said of it; raises `DamagedArchiveError`."""
        path = year_file(self.path, record.year)
        content = self._content(record.year)
        if hashlib.sha256(content).hexdigest() != record.file_sha256:
            raise DamagedArchiveError(f"{path}: its bytes have another SHA-256 than the manifest says")
        try:
            candles, facts = proven_candles(content, self.symbol, record.year)
        except DamagedArchiveError as error:
            raise DamagedArchiveError(f"{path}: {error}") from error
        if _record(record.year, candles, facts.digest, content) != record:
            raise DamagedArchiveError(f"{path}: holds other candles than the manifest says")

    def _locked(self) -> int:
        """The descriptor of the lock, which ends with it."""
        while True:
            _made(self.path)
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, AS_THE_UMASK_SAYS)
            try:
                if fcntl is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), (self.path / LOCK).stat()):
                    return descriptor
            except FileNotFoundError:
                pass  # whoever held it found the folder empty and removed it
            except OSError:
                os.close(descriptor)
                raise ArchiveError(
                    f"another process is writing {self.symbol} of {self.venue} in this archive; try again later"
                ) from None
            os.close(descriptor)

    def _forget_if_empty(self) -> None:
        """A folder into which nothing came does not stay."""
        if {file.name for file in self.path.iterdir()} == {LOCK}:
            (self.path / LOCK).unlink()
            with suppress(OSError):  # not empty: others have come
                for folder in (self.path, self.path.parent, self.path.parent.parent):
                    folder.rmdir()

    def _content(self, year: int) -> bytes:
        path = year_file(self.path, year)
        try:
            return path.read_bytes()
        except OSError as error:
            raise DamagedArchiveError(f"{path}: cannot be read: {error.strerror or error}") from error

    def _decoded(self, content: bytes, record: YearRecord) -> Candles:
        path = year_file(self.path, record.year)
        try:
            candles, facts = year_candles(content, self.symbol, record.year)
        except DamagedArchiveError as error:
            raise DamagedArchiveError(f"{path}: {error}") from error
        if (facts.digest, len(candles)) != (record.digest, record.count):
            raise DamagedArchiveError(f"{path}: holds other candles than the manifest says")
        return candles

    def _encoded(self, year: int, candles: Candles) -> tuple[bytes, YearRecord]:
        content, digest = year_content(self.symbol, year, candles)
        return content, _record(year, candles, digest, content)

    def _sha256(self, year: int) -> str | None:
        path = year_file(self.path, year)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None

    def _from_files(self) -> Manifest:
        records = []
        for year, path in year_files(self.path):
            content = self._content(year)
            try:
                candles, facts = proven_candles(content, self.symbol, year)
            except DamagedArchiveError as error:
                raise DamagedArchiveError(f"{path}: {error}") from error
            records.append(_record(year, candles, facts.digest, content))
        return new_manifest(self.symbol).with_years(tuple(records))


def _made(path: Path) -> None:
    """Makes a folder and those above it, so that they stay."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        flush_folder(folder.parent)


def _record(year: int, candles: Candles, digest: str, content: bytes) -> YearRecord:
    return YearRecord(
        year=year,
        count=len(candles),
        first_open_ms=int(candles.open_ms[0]),
        last_open_ms=int(candles.open_ms[-1]),
        digest=digest,
        file_sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
