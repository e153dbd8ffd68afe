"""What is set of each exchange: every variable reaches its option, and no part of a key shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtf_entrypoints.settings import Settings, SettingsError, read_settings, secrets_around
from mtf_entrypoints.venue_options import WIRE_OPTIONS, OkxOptions, VenueOptions
from mtf_entrypoints.wires import WIRES


def value_of(options: type[VenueOptions], variable: str) -> str:
    """Something that the variable may hold, and that its default is not."""
    option = variable.removeprefix(options.PREFIX).lower()
    return options.CHOICES[option][-1] if option in options.CHOICES else f"given-{option}"


@pytest.mark.parametrize(
    ("options", "variable"), [(options, variable) for options in WIRE_OPTIONS for variable in options.variables()]
)
def test_every_variable_reaches_its_option_and_no_other(
    options: type[VenueOptions], variable: str, tmp_path: Path
) -> None:
    given = value_of(options, variable)
    settings = read_settings(None, {variable: given}, tmp_path / ".env")
    name = options.PREFIX.strip("_").lower()
    found: VenueOptions = getattr(settings, name)
    assert getattr(found, variable.removeprefix(options.PREFIX).lower()) == given
    assert found != options()
    assert read_settings(None, {}, tmp_path / ".env") == Settings()
    others = [other for other in WIRE_OPTIONS if other is not options]
    assert [getattr(settings, other.PREFIX.strip("_").lower()) == other() for other in others] == [True] * len(others)


@pytest.mark.parametrize("options", WIRE_OPTIONS)
def test_the_parts_of_a_key_are_secrets_and_may_stand_in_files(options: type[VenueOptions], tmp_path: Path) -> None:
    parts = {options.variable(part): f"hunter-{part}" for part in options.KEY}
    files = {}
    for variable, part in parts.items():
        file = tmp_path / variable
        file.write_text(f"{part}\n")
        files[f"{variable}_FILE"] = str(file)
    plain, from_files = (read_settings(None, given, tmp_path / ".env") for given in (parts, files))
    assert plain == from_files
    assert set(parts.values()) <= set(plain.secrets)
    assert "hunter" not in repr(plain)
    assert set(parts.values()) <= set(secrets_around((), {**files, "MTF_LOG_LEVEL": "loud"}))


def test_every_wire_has_its_options_under_its_name() -> None:
    for exchange, wire in WIRES.items():
        assert isinstance(wire().options(Settings()), VenueOptions), exchange


def test_a_region_or_product_that_there_is_not_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    for variable, given, allowed in (
        ("OKX_REGION", "europe", "global, eea, us"),
        ("OKX_PRODUCT", "spot", "swap, xperp"),
    ):
        with pytest.raises(SettingsError, match=f"{variable}: found '{given}'; allowed: {allowed}"):
            read_settings(None, {variable: given}, tmp_path / ".env")
    assert read_settings(None, {"OKX_REGION": "EEA"}, tmp_path / ".env").okx == OkxOptions(region="eea")


def test_a_misspelt_variable_of_okx_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    """Other programs call the passphrase by another name, and a key without one signs nothing."""
    with pytest.raises(SettingsError, match="OKX_API_PASSPHRASE; did you mean OKX_PASSPHRASE"):
        read_settings(None, {"OKX_API_PASSPHRASE": "hunter2"}, tmp_path / ".env")
    (tmp_path / ".env").write_text("OKX_API_SECRET=hunter2\n")
    with pytest.raises(SettingsError, match="unknown variable OKX_API_SECRET; did you mean OKX_") as refused:
        read_settings(None, {}, tmp_path / ".env")
    assert "hunter2" not in str(refused.value)


def test_rates_of_every_exchange_are_kept_under_their_names(tmp_path: Path) -> None:
    given = {"OKX_RATE_CANDLES": "6/2s", "BITMART_RATE_KLINE": "3/2s"}
    assert read_settings(None, given, tmp_path / ".env").rates == given
