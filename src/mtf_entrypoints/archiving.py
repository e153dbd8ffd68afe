"""The archive of candles that the settings name."""

from __future__ import annotations

from mtf_adapters.archive import Archive
from mtf_adapters.local.places import default_data_folder
from mtf_entrypoints.settings import Settings, SettingsError


def archive_of(settings: Settings) -> Archive:
    """Where history is kept; the folder need not exist yet. Raises `SettingsError` where a file is in its place."""
    root = settings.archive or default_data_folder() / "archive"
    if root.exists() and not root.is_dir():
        raise SettingsError(f"MTF_ARCHIVE: {root} is a file; allowed is a folder")
    return Archive(root)
