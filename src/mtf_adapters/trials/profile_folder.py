"""A profile as a folder of configuration files, complete by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mtf_adapters.local.durable import AS_THE_UMASK_SAYS, replace_whole
from mtf_adapters.reference.comments import Comments
from mtf_adapters.reference.writing import written
from mtf_core.config_nodes import ConfigNode, Place
from mtf_core.settings.plain import Plain, node_from, plain
from mtf_core.settings.profile import Document, Profile
from mtf_core.settings.replay import ReplaySettings


def write_profile(profile: Profile, assumptions: ReplaySettings, folder: Path, remarks: Sequence[str]) -> None:
    """Writes what `--config-dir` reads as this profile, with the same digest, and what was assumed of the exchange.

    `remarks` stand at the head of each file. Raises OSError.
    """
    app = folder / "app"
    app.mkdir(parents=True, exist_ok=True)
    files: dict[Path, Plain] = {
        app / f"{Document.VALIDATIONS}.{profile.name}.yaml": profile.content[Document.VALIDATIONS.value],
        app / f"{Document.TRADE_ENTRY}.yaml": profile.content[Document.TRADE_ENTRY.value],
        app / f"{Document.CONTRACTS}.yaml": profile.content[Document.CONTRACTS.value],
        app / f"{Document.INDICATOR}.yaml": profile.content[Document.INDICATOR.value],
        app / "replay.yaml": plain(assumptions),
        folder / f"{Document.TRADING}.yaml": _trading(profile),
    }
    title = "\n".join([remarks[0], *(f"# {remark}" for remark in remarks[1:])])
    for path, content in files.items():
        replace_whole(path, written(_tree(content, path.name), Comments(), title).encode(), AS_THE_UMASK_SAYS)


def _trading(profile: Profile) -> Plain:
    """Shared settings, with this as the one profile that a run may choose."""
    shared = profile.content[Document.TRADING.value]
    assert isinstance(shared, Mapping)
    return {**shared, "profiles": {profile.name: {"enabled": True, "priority": 1}}}


def _tree(content: Plain, name: str) -> ConfigNode:
    return node_from(content, Place(name, 1))
