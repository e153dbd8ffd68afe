"""The schedules that a folder of configuration wants. Needs neither a server nor Temporal's SDK."""

from __future__ import annotations

from pathlib import Path

from mtf_adapters.files.config_dir import SCHEDULES_FILE
from mtf_adapters.files.profiles import load_trading
from mtf_adapters.files.yaml import read_yaml
from mtf_core.config_nodes import ConfigError, Problems
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.temporal.plan import Planned, read_schedules


def schedules_of(folder: Path) -> tuple[Planned, ...]:
    """What `temporal.yaml` wants, one for each enabled profile where it says so; raises `ConfigError` with everything
    that is wrong in it, or in `trading.yaml`."""
    trading, problems = load_trading(folder, EXCHANGES), Problems()
    path = folder / SCHEDULES_FILE
    node = read_yaml(path, str(path), problems)
    if node is None:
        raise ConfigError(problems.errors)
    enabled = [name for name, entry in trading.profiles.items() if entry.enabled]
    return read_schedules(node, sorted(enabled, key=lambda name: trading.profiles[name].priority))
