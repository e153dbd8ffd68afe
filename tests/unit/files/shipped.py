"""The shipped profiles, each loaded once."""

from functools import cache

from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.files.profiles import load_profile
from mtf_core.settings.profile import Profile

NAMES = ("scalper_micro", "scalper", "regular", "crash")


@cache
def shipped(name: str) -> Profile:
    return load_profile(name, config_dir_in_use())
