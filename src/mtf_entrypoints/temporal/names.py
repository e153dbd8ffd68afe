"""What workflows, activities and search attributes are called on the server. Read within workflows: no imports."""

from __future__ import annotations

MTF_RUN, CONTRACT_SYNC, CLEANUP, KLINE_REPAIR = "MtfRun", "ContractSync", "Cleanup", "KlineRepair"
RUN_ACTIVITY, SYNC_ACTIVITY, CLEANUP_ACTIVITY, REPAIR_ACTIVITY = (
    "mtf_run",
    "mtf_contract_sync",
    "mtf_cleanup",
    "mtf_kline_repair",
)
PROFILE, DRY_RUN, RUN_ID, READY, SUBMITTED = "MtfProfile", "MtfDryRun", "MtfRunId", "MtfReady", "MtfSubmitted"

START_TO_CLOSE_S, SCHEDULE_TO_CLOSE_S, HEARTBEAT_S = 300, 330, 20
MOST_ATTEMPTS = 3
"""An activity is begun again where its worker died; what is asked again is up to the activity itself."""
RUN_FAILED = "run_failed"
