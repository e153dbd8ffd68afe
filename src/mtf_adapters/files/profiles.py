"""Profiles from a folder of configuration files."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from mtf_adapters.files.config_dir import CONFIG_DIR_VARIABLE, ConfigFolder, config_dir_in_use
from mtf_adapters.files.yaml import parse_yaml
from mtf_core.config_nodes import overlaid
from mtf_core.settings.alerts import AlertSettings, read_alerts
from mtf_core.settings.check import CheckReport
from mtf_core.settings.nodes import ConfigError, ConfigProblem, Place, Problems, nearest_name
from mtf_core.settings.profile import Document, Profile, build_profile
from mtf_core.settings.replay import ReplaySettings, read_replay
from mtf_core.settings.trading import (
    PROFILE_ALIASES,
    TradingSettings,
    check_exchanges_exist,
    check_profiles_exist,
    read_trading,
)

PROFILE_VARIABLE = "MTF_PROFILE"


def load_profile(
    name: str | None = None, config_dir: Path | None = None, exchanges: Collection[str] | None = None
) -> Profile:
    """The checked profile of that name; without one, that of `MTF_PROFILE`, else the first enabled by priority.

    `config_dir` replaces the folder in use (`MTF_CONFIG_DIR`, else the one that comes with the package). `exchanges`
    are those that settings may name; None: any. Raises `ConfigError` with everything that is wrong in the profile's
    files.
    """
    folder = _folder(config_dir)
    chosen = _resolved(name or os.environ.get(PROFILE_VARIABLE, "").strip() or None, folder, exchanges)
    profile = _build(chosen, folder, folder.problems)
    if profile is None or folder.problems.errors:
        raise ConfigError(_distinct(folder.problems.errors))
    return profile


def load_trading(config_dir: Path | None = None, exchanges: Collection[str] | None = None) -> TradingSettings:
    """What all profiles of a folder share; raises `ConfigError` with everything that is wrong in `trading.yaml`.

    `exchanges` are those that settings may name; None: any.
    """
    folder = _folder(config_dir)
    trading = _trading(folder, folder.profile_names(), exchanges)
    if trading is None:
        raise ConfigError(_distinct(folder.problems.errors))
    return trading


def load_alerts(config_dir: Path | None = None) -> AlertSettings:
    """When a person is called; a folder without `alerts.yaml` has the defaults. Raises `ConfigError`."""
    folder = _folder(config_dir)
    settings = _alerts(folder)
    if settings is None:
        raise ConfigError(_distinct(folder.problems.errors))
    return settings


def load_replay(config_dir: Path | None = None, assumed: Sequence[str] = ()) -> ReplaySettings:
    """What a replay assumes; a folder without `replay.yaml` has the defaults. Raises `ConfigError`.

    `assumed` are lines that stand over the file's, each like `slippage_bps: 5`.
    """
    folder = _folder(config_dir)
    settings = _replay(folder, assumed)
    if settings is None:
        raise ConfigError(_distinct(folder.problems.errors))
    return settings


def profile_names(config_dir: Path | None = None) -> tuple[str, ...]:
    """The profiles in a folder, sorted. Raises `ConfigError` if there is no such folder."""
    return _folder(config_dir).profile_names()


def check_config(config_dir: Path | None = None, exchanges: Collection[str] | None = None) -> CheckReport:
    """Every profile and every file of a folder, checked; nothing is raised, the report says what is wrong.

    `exchanges` are those that settings may name; None: any.
    """
    try:
        folder = _folder(config_dir)
    except ConfigError as error:
        return CheckReport(error.problems, (), (), ())
    names = folder.profile_names()
    _trading(folder, names, exchanges)
    _alerts(folder)
    _replay(folder, ())
    profiles = [_build(name, folder, folder.problems, thorough=True) for name in names]
    for path in folder.unread_files():
        folder.problems.warning(Place(folder.shown(path), 1), "nothing reads this file", "rename or remove it")
    return CheckReport(
        _distinct(folder.problems.errors),
        _distinct(folder.problems.warnings),
        _distinct(folder.problems.notes),
        tuple(profile for profile in profiles if profile is not None),
    )


def _build(name: str, folder: ConfigFolder, problems: Problems, *, thorough: bool = False) -> Profile | None:
    """The profile, or None; its problems go to `problems`, also those of files beside one that is unreadable."""
    documents = folder.documents(name)
    unreadable = [document.value for document in Document if document.value not in documents]
    own = Problems()
    profile = build_profile(name, documents, own, thorough=thorough)
    # What is absent because its file was unreadable has been reported with its cause.
    problems.items.extend(item for item in own.items if item.place.file not in unreadable)
    return None if unreadable else profile


def _folder(config_dir: Path | None) -> ConfigFolder:
    root = config_dir_in_use(config_dir)
    folder = ConfigFolder(root)
    if not folder.app.is_dir():
        problem = ConfigProblem(
            Place(folder.shown(folder.app), 1),
            "the folder does not exist",
            f"a configuration folder holds trading.yaml and app/; {CONFIG_DIR_VARIABLE} names another one",
        )
        raise ConfigError([problem])
    return folder


def _resolved(name: str | None, folder: ConfigFolder, exchanges: Collection[str] | None) -> str:
    """The profile's own name, from the name asked for or from `trading.yaml`; raises `ConfigError`."""
    known = folder.profile_names()
    trading = _trading(folder, known, exchanges)
    if name is not None:
        own_name = PROFILE_ALIASES.get(name, name)
        if own_name not in known:
            _refuse(folder, f"unknown profile {name!r}", f"known: {', '.join(known)}", nearest_name(name, known))
        return own_name
    if trading is None:
        raise ConfigError(_distinct(folder.problems.errors))
    first = trading.first_enabled
    if first is None:
        _refuse(folder, "no profile is enabled", f"name one of {', '.join(known)}, or enable it", None)
    return first


def _trading(folder: ConfigFolder, known: tuple[str, ...], exchanges: Collection[str] | None) -> TradingSettings | None:
    node = folder.trading()
    if node is None:
        return None
    before = len(folder.problems.errors)
    settings = read_trading(node, folder.problems)
    check_profiles_exist(node, known, folder.problems)
    if exchanges is not None:
        check_exchanges_exist(node, exchanges, folder.problems)
    return settings if len(folder.problems.errors) == before else None


def _alerts(folder: ConfigFolder) -> AlertSettings | None:
    if not folder.alerts_file.exists():
        return AlertSettings()
    node = folder.whole(folder.alerts_file)
    return None if node is None else read_alerts(node, folder.problems)


def _replay(folder: ConfigFolder, assumed: Sequence[str]) -> ReplaySettings | None:
    """As the file says, and what is assumed instead, each like `slippage_bps: 5`."""
    node = folder.whole(folder.replay_file) if folder.replay_file.exists() else None
    if assumed:
        top = parse_yaml("\n".join(assumed), "--assume", folder.problems)
        node = top if node is None or top is None else overlaid(node, top)
    if node is None:
        return None if folder.problems.errors else ReplaySettings()
    return read_replay(node, folder.problems)


def _refuse(folder: ConfigFolder, found: str, allowed: str, nearest: str | None) -> NoReturn:
    place = Place(folder.shown(folder.root / "trading.yaml"), 1, "profiles")
    raise ConfigError([ConfigProblem(place, found, allowed, nearest)])


def _distinct(problems: tuple[ConfigProblem, ...]) -> tuple[ConfigProblem, ...]:
    """Each problem once: files that profiles share are read for each of them."""
    return tuple(dict.fromkeys(problems))


__all__ = ["check_config", "load_alerts", "load_profile", "load_replay", "load_trading", "profile_names"]
