"""A release: the same to the byte whoever builds it, run without the repository, signed with a key of one's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(*words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def built(folder: Path, source: Path = ROOT) -> dict[str, str]:
    """Digests by file name, as the release tells them."""
    done = run(sys.executable, source / "release" / "build.py", folder, cwd=source)
    assert done.returncode == 0, done.stderr
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "dist"
    built(folder)
    return folder


@contextmanager
def installed(wheel: Path, folder: Path) -> Iterator[Path]:
    """The command of a wheel in an environment of its own, beside the libraries that are here."""
    home = folder / "venv"
    venv.create(home, with_pip=False)
    target = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    done = run(
        *(sys.executable, "-m", "pip", "--python", home / "bin" / "python"),
        *("install", "--no-deps", "--no-index", "--quiet", wheel),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert (target / "mtf_core").is_dir()
    yield home / "bin" / "mtf"


def test_it_holds_a_wheel_a_source_archive_and_a_bill_of_materials(release: Path) -> None:
    names = {path.name.replace("-", " ").split()[0] for path in release.iterdir()}
    assert names == {"mtf_orchestrator", "sbom.cdx.json", "SHA256SUMS"}
    assert run("sha256sum", "--check", "SHA256SUMS", cwd=release).returncode == 0


def test_the_bill_of_materials_names_every_pin_with_its_hashes(release: Path) -> None:
    pins = [line for line in (ROOT / "requirements/run.txt").read_text().splitlines() if "==" in line]
    bill = json.loads((release / "sbom.cdx.json").read_text())
    named = {f"{one['name']}=={one['version']}" for one in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    assert named == {pin.split()[0] for pin in pins}
    assert all(one["externalReferences"][0]["hashes"] for one in bill["components"])
    assert bill["metadata"]["component"]["name"] == "mtf-orchestrator"


def test_the_wheel_runs_without_the_repository(release: Path, tmp_path: Path) -> None:
    (wheel,) = release.glob("*.whl")
    with installed(wheel, tmp_path) as mtf:
        libraries = {"PYTHONPATH": sysconfig.get_path("purelib")}
        assert run(mtf, "config", "check", cwd=tmp_path, **libraries).returncode == 0
        done = run(mtf, "run", "--universe-size", "5", "--database", "memory", "--json", cwd=tmp_path, **libraries)
        where = run(
            mtf.parent / "python", "-c", "import mtf_core; print(mtf_core.__file__)", cwd=tmp_path, **libraries
        ).stdout
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["processed"] > 0
    assert str(tmp_path) in where


def test_the_wheel_holds_what_the_page_of_a_replay_carries_inside_with_its_licences(release: Path) -> None:
    (wheel,) = release.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    folder = ROOT / "src/mtf_adapters/reports"
    wanted = [*(folder / "vendored").iterdir(), *(folder / "assets").iterdir()]
    assert len(wanted) == 10
    for path in wanted:
        assert packed[str(path.relative_to(ROOT / "src"))] == path.read_bytes(), path.name


def test_the_source_archive_builds_the_same_wheel(release: Path, tmp_path: Path) -> None:
    (archive,) = release.glob("*.tar.gz")
    assert run("tar", "-xzf", archive, cwd=tmp_path).returncode == 0
    (source,) = tmp_path.glob("mtf_orchestrator-*")
    digests = built(tmp_path / "dist", source)
    (wheel,) = release.glob("*.whl")
    assert digests[wheel.name] in (release / "SHA256SUMS").read_text()


def test_a_folder_that_holds_something_is_left_alone(release: Path) -> None:
    done = run(sys.executable, ROOT / "release" / "build.py", release, cwd=ROOT)
    assert done.returncode == 1
    assert "is not empty" in done.stderr


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="signing is OpenSSH's, which is not on this machine")
def test_it_is_signed_with_a_key_of_ones_own_and_a_changed_file_is_noticed(release: Path, tmp_path: Path) -> None:
    for name in ("key", "other"):
        assert run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name, cwd=tmp_path).returncode == 0
    copy = tmp_path / "dist"
    copy.mkdir()
    for path in release.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    sign, verify = ROOT / "release" / "sign.sh", ROOT / "release" / "verify.sh"
    assert run(sign, tmp_path / "key", copy, cwd=tmp_path).returncode == 0
    assert run(verify, tmp_path / "key.pub", copy, cwd=tmp_path).returncode == 0
    assert run(verify, tmp_path / "other.pub", copy, cwd=tmp_path).returncode != 0
    (copy / "sbom.cdx.json").write_text("{}")
    assert run(verify, tmp_path / "key.pub", copy, cwd=tmp_path).returncode != 0
    assert run(sign, tmp_path / "key", copy, cwd=tmp_path).returncode != 0
