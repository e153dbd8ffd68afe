"""What workflows, activities and search attributes are called on the server. Read within workflows: no imports."""

from __future__ import annotations

MTF_RUN, CONTRACT_SYNC, CLEANUP, KLINE_REPAIR = "MtfRun", "ContractSync", "Cleanup", "KlineRepair"
SEARCH_TASK, SEARCH_ACTIVITY = "SearchTask", "mtf_search_task"
"""Trials of a search, some at once: started by `mtf search`, never by a schedule."""
SEARCH_QUEUE = "-search"
"""Behind the name of the task queue: searches have one of their own, so that no run waits for a trial."""
RUN_ACTIVITY, SYNC_ACTIVITY, CLEANUP_ACTIVITY, REPAIR_ACTIVITY = (
    "mtf_run",
    "mtf_contract_sync",
    "mtf_cleanup",
    "mtf_kline_repair",
)
OPEN_ACTIVITY, SHARD_ACTIVITY, CLOSE_ACTIVITY = "mtf_run_open", "mtf_run_shard", "mtf_run_close"
"""Of a run that workers share."""
SHARD_SYMBOLS = "shard_symbols"
"""In a request: how many symbols a shard of such a run has at most."""
PROFILE, DRY_RUN, RUN_ID, READY, SUBMITTED = "MtfProfile", "MtfDryRun", "MtfRunId", "MtfReady", "MtfSubmitted"

START_TO_CLOSE_S, SCHEDULE_TO_CLOSE_S, HEARTBEAT_S = 300, 330, 20
MOST_ATTEMPTS = 3
"""An activity is begun again where its worker died; what is asked again is up to the activity itself."""
RUN_FAILED = "run_failed"
OPENING_S, CLOSING_S, SHARED_HEARTBEAT_S = 40, 15, 10
"""Of a shared run: how long opening it may take, how much of its time is kept for closing it, and after how long
without a sign of life a step is another worker's. All of it has to end before the next minute begins."""
SEARCH_HEARTBEAT_S, SEARCH_HOURS = 20, 24
"""Of a task of a search: after how long without a sign of life it is another worker's, and how long it may take in all,
the wait for a worker included."""
USUAL_JOBS = 10
"""How many jobs a worker works on at once, unless it is told otherwise."""
