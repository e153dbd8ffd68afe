"""Verifying a stored run: its seal, its configuration, what it says twice, its decisions, plans and zone events."""

from __future__ import annotations

from functools import partial

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.configuration import recorded_configuration
from mtf_core.inquiry.verification.decisions import decide_again
from mtf_core.inquiry.verification.findings import Finding, Verification
from mtf_core.inquiry.verification.report import compare_with_report
from mtf_core.inquiry.verification.seals import check_seal
from mtf_core.inquiry.verification.zones import check_outcomes
from mtf_core.ports import Aside, Progress, Stores, UnreadableRowError, at_once, no_progress
from mtf_core.records import RunRecord, RunStatus, UnreadableRecordError, ZoneRecord
from mtf_core.run_request import RunRequest
from mtf_core.runs.request import recorded_request


async def verify_run(
    stores: Stores, run_id: str, progress: Progress = no_progress, aside: Aside = at_once
) -> Verification | None:
    """Decides and plans a stored run again; None when there is no such run.

    Everything comes from the store: candles by the recorded ranges, the configuration by its digest, the market facts
    from the decisions themselves. What follows from these is compared; the seal covers the rest of the record. The
    computing is done `aside`.
    """
    run = await stores.runs.run(run_id)
    if run is None:
        return None
    checks = Checks()
    check_seal(await stores.runs.seal(run_id), checks)
    records = await stores.runs.decisions(run_id)
    zones = await _recorded_zones(stores, run_id, checks)
    request = _recorded_request(run, checks)
    if run.report is not None:
        await aside(partial(compare_with_report, run, run.report, request, records, checks))
    elif run.unreadable is not None:
        checks.note(Finding.RECORD_UNREADABLE, None, "report", run.unreadable, "cannot be read")
    if run.status is not RunStatus.FINISHED or (run.report is None and run.unreadable is None):
        checks.note(Finding.RUN_NOT_FINISHED, None, "the run did not finish", str(run.status), "nothing to compare")
    content = await stores.runs.document(run.config_digest)
    compiled = await aside(partial(recorded_configuration, content, run, checks))
    if compiled is not None and request is not None:
        await decide_again(stores, run.instant_ms, request, compiled, records, zones, checks, progress, aside)
    await check_outcomes(stores.candles, zones, checks, aside)
    return Verification(
        run_id, run.profile, run.code_version, checks.decisions, checks.plans, tuple(checks.differences)
    )


async def _recorded_zones(stores: Stores, run_id: str, checks: Checks) -> tuple[ZoneRecord, ...]:
    """The run's zone events; none where one of them cannot be."""
    try:
        return await stores.zones.of_run(run_id)
    except UnreadableRowError as error:
        checks.note(Finding.RECORD_UNREADABLE, None, "zone events", str(error), "cannot be read")
        return ()


def _recorded_request(run: RunRecord, checks: Checks) -> RunRequest | None:
    """What the run was asked; without it nobody knows how to decide again."""
    try:
        return recorded_request(run.request)
    except UnreadableRecordError as error:
        checks.note(Finding.RECORD_UNREADABLE, None, "request", str(error), "cannot be read")
        return None
