"""The folder of configuration files: where it is, which profiles it holds, and their documents."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import define, field

from mtf_adapters.files.yaml import read_yaml
from mtf_core.settings.nodes import ConfigNode, Place, Problems, overlaid
from mtf_core.settings.profile import Document, check_common, unwrapped

CONFIG_DIR_VARIABLE = "MTF_CONFIG_DIR"
_HERE = Path(__file__).resolve()
_PACKAGED = _HERE.parent / "config"
_IN_REPOSITORY = _HERE.parents[3] / "config"
SCHEDULES_FILE = "temporal.yaml"
"""When a Temporal server starts what; read by `mtf schedules`."""
_OVERLAID = (Document.TRADE_ENTRY, Document.CONTRACTS)
"""Documents of which a profile may hold only what differs from the common file."""


def config_dir_in_use(explicit: Path | None = None) -> Path:
    """The folder to read: the explicit one, `MTF_CONFIG_DIR`, the one in the package, the repository's."""
    if explicit is not None:
        return Path(explicit)
    from_environment = os.environ.get(CONFIG_DIR_VARIABLE, "").strip()
    if from_environment:
        return Path(from_environment).expanduser()
    return shipped_config_dir()


def shipped_config_dir() -> Path:
    """The folder that comes with the package, or with a clone of the repository."""
    return _PACKAGED if _PACKAGED.is_dir() else _IN_REPOSITORY


def copy_shipped_config(target: Path) -> tuple[Path, ...]:
    """Copies the shipped files into a folder of one's own and returns their new paths.

    Raises `FileExistsError` where the folder holds anything already, and `OSError` where it cannot be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} exists already and is not empty")
    shipped, copies = shipped_config_dir(), []
    for path in sorted(shipped.rglob("*.yaml")):
        copy = target / path.relative_to(shipped)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("xb") as file:
            file.write(path.read_bytes())
        copies.append(copy)
    return tuple(copies)


@define(eq=False)
class ConfigFolder:
    """A folder with `trading.yaml` and `app/`; each file is read once, its problems are reported once."""

    root: Path
    problems: Problems = field(factory=Problems)
    _read: dict[Path, ConfigNode | None] = field(factory=dict, init=False)

    @property
    def app(self) -> Path:
        return self.root / "app"

    def shown(self, path: Path) -> str:
        """The path as messages name it: relative to where the person stands, if it lies below."""
        absolute = path.absolute()
        here = Path.cwd()
        return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)

    def profile_names(self) -> tuple[str, ...]:
        """The profiles that have a validation file, sorted."""
        prefix = f"{Document.VALIDATIONS}."
        return tuple(sorted(path.stem.removeprefix(prefix) for path in self.app.glob(f"{prefix}*.yaml")))

    def trading(self) -> ConfigNode | None:
        return self.document(self.root / f"{Document.TRADING}.yaml", Document.TRADING)

    @property
    def alerts_file(self) -> Path:
        return self.app / "alerts.yaml"

    @property
    def replay_file(self) -> Path:
        return self.app / "replay.yaml"

    def whole(self, file: Path) -> ConfigNode | None:
        """A file that no profile has a part in, as it stands."""
        if file not in self._read:
            self._read[file] = read_yaml(file, self.shown(file), self.problems)
        return self._read[file]

    def documents(self, profile: str) -> dict[str, ConfigNode]:
        """The effective documents of a profile; what could not be read is left out, its problems are reported."""
        read = {
            Document.VALIDATIONS: self._app_document(Document.VALIDATIONS, profile),
            Document.TRADE_ENTRY: self._overlaid(Document.TRADE_ENTRY, profile),
            Document.CONTRACTS: self._overlaid(Document.CONTRACTS, profile),
            Document.INDICATOR: self._app_document(Document.INDICATOR),
            Document.TRADING: self.trading(),
        }
        return {document.value: node for document, node in read.items() if node is not None}

    def document(self, path: Path, document: Document) -> ConfigNode | None:
        if path not in self._read:
            node = read_yaml(path, self.shown(path), self.problems)
            self._read[path] = None if node is None else unwrapped(document, node)
        return self._read[path]

    def unread_files(self) -> tuple[Path, ...]:
        """YAML files whose names belong to no document and no profile: nothing would ever read them."""
        profiles = self.profile_names()
        own = (Document.VALIDATIONS, *_OVERLAID)
        known = {self.root / f"{Document.TRADING}.yaml", self.root / SCHEDULES_FILE}
        known |= {self.alerts_file, self.replay_file}
        known |= {self.app / f"{Document.INDICATOR}.yaml"}
        known |= {self.app / f"{document}.yaml" for document in _OVERLAID}
        known |= {self.app / f"{document}.{profile}.yaml" for document in own for profile in profiles}
        present = [
            path for folder in (self.root, self.app) for ext in ("yaml", "yml") for path in folder.glob(f"*.{ext}")
        ]
        return tuple(sorted(path for path in present if path not in known))

    def _app_document(self, document: Document, profile: str | None = None) -> ConfigNode | None:
        name = f"{document}.{profile}.yaml" if profile else f"{document}.yaml"
        return self.document(self.app / name, document)

    def _overlaid(self, document: Document, profile: str) -> ConfigNode | None:
        """The profile's file over the common one; either may be absent, but not both."""
        own, common = self.app / f"{document}.{profile}.yaml", self.app / f"{document}.yaml"
        present = [path for path in (common, own) if path.exists()]
        if not present:
            self.problems.error(
                Place(self.shown(common), 1), "the file does not exist", f"it or {own.name} is required"
            )
            return None
        nodes = [self.document(path, document) for path in present]
        if None in nodes:
            return None
        if len(nodes) == 2 and nodes[0] is not None:
            check_common(document, nodes[0], self.problems)
        readable = [node for node in nodes if node is not None]
        return readable[0] if len(readable) == 1 else overlaid(readable[0], readable[1])
