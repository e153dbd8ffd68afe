"""Where what belongs to the user is kept on this machine when nobody says otherwise."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def default_data_folder() -> Path:
    """The user's data folder, which may not exist yet."""
    return platformdirs.user_data_path("mtf", appauthor=False)
