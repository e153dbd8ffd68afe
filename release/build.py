"""Builds a release into a folder: wheel, source archive, bill of materials, and the digests of all three.

    python release/build.py dist

Wheel and source archive are built twice, and must be the same to the byte: whoever builds the same commit with the same
tools can tell whether a release is what it says. The bill of materials (CycloneDX) lists what `requirements/run.txt`
pins, with its hashes. Needs the environment of `make test`; nothing is fetched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIGESTS = "SHA256SUMS"
BILL = "sbom.cdx.json"


class NotReproducibleError(RuntimeError):
    """Two builds of the same files differ; the message names the file."""


def build(target: Path, source: Path = ROOT) -> tuple[Path, ...]:
    """Every file of the release, in a folder that is made for it; raises `NotReproducibleError`, and FileExistsError
    where the folder holds anything already."""
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty; name another folder, or empty it")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        built = _built(source, Path(first))
        for path, again in zip(built, _built(source, Path(second)), strict=True):
            if path.name != again.name or _digest(path) != _digest(again):
                raise NotReproducibleError(f"{path.name}: two builds of the same files differ")
        files = [Path(shutil.copy(path, target / path.name)) for path in built]
    files.append(_bill(source, target / BILL))
    digests = target / DIGESTS
    digests.write_text("".join(f"{_digest(path)}  {path.name}\n" for path in sorted(files)), encoding="utf-8")
    return (*files, digests)


def _built(source: Path, folder: Path) -> list[Path]:
    """Source archive and wheel, sorted by name."""
    words = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(words, cwd=source, check=True, capture_output=True, env=_steady())
    return sorted(folder.iterdir())


def _bill(source: Path, path: Path) -> Path:
    """What the pinned requirements hold, without the time at which it was asked."""
    words = [sys.executable, "-m", "cyclonedx_py", "requirements", str(source / "requirements" / "run.txt")]
    words += ["--pyproject", str(source / "pyproject.toml"), "--output-reproducible", "-o", str(path)]
    subprocess.run(words, check=True, capture_output=True, env=_steady())
    return path


def _steady() -> dict[str, str]:
    """The environment, with one time for everything that is packed."""
    return {"SOURCE_DATE_EPOCH": "1577836800", **os.environ}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(words: list[str]) -> None:
    target = Path(words[0]) if words else ROOT / "dist"
    try:
        files = build(target)
    except (FileExistsError, NotReproducibleError) as error:
        sys.exit(str(error))
    for path in files:
        sys.stdout.write(f"{path.stat().st_size:>10,} bytes  {path.name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
