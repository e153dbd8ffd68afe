"""What a service does by itself beside answering: the cleanup."""

from __future__ import annotations

from mtf_adapters.telemetry.logs import Area
from mtf_core.config_nodes import ConfigError
from mtf_core.ports import Environment, PortError
from mtf_core.upkeep import cleanup

_LOG = Area.CLEANUP.logger
FIRST_AFTER_S = 60.0
EVERY_S = 3600.0


async def keep_clean(environment: Environment) -> None:
    """Deletes every hour what the retention does not keep, until cancelled; what fails is tried again an hour later."""
    await environment.sleep(FIRST_AFTER_S)
    while True:
        try:
            retention = environment.profiles(None).trading.retention
            done = await cleanup(environment, retention, "serve", dry_run=False)
        except (PortError, ConfigError) as error:
            _LOG.warning("the cleanup failed: %s", error)
        else:
            if done.anything:
                _LOG.info("deleted %s", ", ".join(done.words))
        await environment.sleep(EVERY_S)
