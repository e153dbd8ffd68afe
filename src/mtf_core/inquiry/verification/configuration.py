"""The configuration that a run names: still stored, unchanged, and accepted by this version."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core._version import __version__
from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.records import JsonObject, RunRecord
from mtf_core.records.older import current_content
from mtf_core.settings.digest import digest_of
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import profile_from_content
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.traces import templates_of


def recorded_configuration(content: JsonObject | None, run: RunRecord, checks: Checks) -> CompiledProfile | None:
    """The profile that the run decided by, from what is stored under its digest; None where there is none any more."""
    if content is None:
        checks.note(Finding.CONFIGURATION_MISSING, None, "configuration", run.config_digest, "not in the store")
        return None
    digest = digest_of(content)
    if digest != run.config_digest:
        checks.note(Finding.CONFIGURATION_CHANGED, None, "digest of the configuration", run.config_digest, digest)
    try:
        profile = profile_from_content(current_content(content))
    except ConfigError as error:
        refused = f"refused by version {__version__}: {str(error).splitlines()[0]}"
        checks.note(Finding.CONFIGURATION_REFUSED, None, "configuration", f"version {run.code_version}", refused)
        return None
    if profile.name != run.profile:
        checks.note(Finding.RECORD_CHANGED, None, "profile", run.profile, profile.name)
    return compile_profile(profile)


def compare_templates(stored: Mapping[str, JsonObject | None], compiled: CompiledProfile, checks: Checks) -> None:
    """The stored shapes, with which traces are read, are the ones that the configuration has; by their digests."""
    for digest, shapes in stored.items():
        if shapes is None:
            checks.note(Finding.RECORD_INCOMPLETE, None, "templates", digest, "not in the store")
        else:
            checks.compare(Finding.RECORD_CHANGED, None, "templates", shapes, templates_of(compiled))
