"""A plugin of pytest: a drawn example that fails is enough; making it smaller would take longer than finding it."""

from hypothesis import Phase, settings


def pytest_sessionstart() -> None:
    """Before any test is imported: a test keeps the settings of that moment."""
    settings.register_profile("unshrunk", settings(), phases=(Phase.explicit, Phase.reuse, Phase.generate))
    settings.load_profile("unshrunk")
