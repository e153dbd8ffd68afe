"""BitMart out of the settings: whose world it is, whose key, and what is refused before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.ports import ExchangeError, ExchangeWorld, LiveSwitches, Venue
from mtf_entrypoints.container import live_switches
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError, read_settings
from mtf_entrypoints.venue_options import BitmartOptions
from mtf_entrypoints.venues import build_venue
from tests.unit.bitmart.desk import NOW_MS, SECRETS

KEY = {"BITMART_API_KEY": SECRETS[0], "BITMART_SECRET_KEY": SECRETS[1], "BITMART_API_MEMO": SECRETS[2]}
HERE = {
    "BITMART_PUBLIC_API_URL": "http://127.0.0.1:8080",
    "BITMART_PRIVATE_API_URL": "http://127.0.0.1:8080",
    "BITMART_WS_PUBLIC_URL": "ws://127.0.0.1:8080/api",
    "BITMART_WS_PRIVATE_URL": "ws://127.0.0.1:8080/user",
}


def settings(tmp_path: Path, **environ: str) -> Settings:
    return read_settings(None, {"MTF_EXCHANGE": "bitmart", **environ}, tmp_path / ".env")


def venue(tmp_path: Path, **environ: str) -> Venue:
    return build_venue(settings(tmp_path, **environ), Machine(SandboxClock(NOW_MS)))


def test_bitmart_is_its_demo_unless_another_world_is_named(tmp_path: Path) -> None:
    demo = venue(tmp_path)
    named = (demo.exchange, demo.namespace, demo.label)
    assert named == ("bitmart", "bitmart-demo-demo", "demo of BitMart, play money")
    assert venue(tmp_path, MTF_ENVIRONMENT="live").namespace == "bitmart-live-live"


def test_what_is_stored_of_two_sandboxes_is_kept_apart(tmp_path: Path) -> None:
    one, other = (
        venue(tmp_path, **HERE),
        venue(tmp_path, **{name: url.replace("8080", "8081") for name, url in HERE.items()}),
    )
    assert (one.namespace, other.namespace) == (
        "bitmart-demo-sandbox-127.0.0.1:8080",
        "bitmart-demo-sandbox-127.0.0.1:8081",
    )


def test_that_its_trading_has_ended_is_said_wherever_it_is_the_real_one(tmp_path: Path) -> None:
    for environment in ("demo", "live"):
        assert "ended its trading on 26 August 2026" in venue(tmp_path, MTF_ENVIRONMENT=environment).remarks[0]
    assert venue(tmp_path, **HERE, **KEY).remarks == ()


async def test_without_a_key_the_account_is_not_known_and_nothing_can_be_traded(tmp_path: Path) -> None:
    public = venue(tmp_path, **HERE)
    assert "the account is not known" in public.remarks[0]
    assert public.trading is None
    with pytest.raises(ExchangeError, match="there is no key"):
        await public.account.account_state()
    assert public.streams is not None
    with pytest.raises(ExchangeError, match="there is no key"):
        public.streams.account()


def test_with_a_key_it_can_be_traded(tmp_path: Path) -> None:
    assert venue(tmp_path, **HERE, **KEY).trading is not None


@pytest.mark.parametrize("sign", [" ", "\t", "\n", "\x07", "é", "漢"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(tmp_path: Path, sign: str) -> None:
    """And not by every call later, as an exchange that cannot be reached."""
    with pytest.raises(SettingsError, match="BITMART_API_KEY: holds") as refused:
        venue(tmp_path, **HERE, **KEY | {"BITMART_API_KEY": f"half{sign}other"})
    assert "half" not in str(refused.value)


@pytest.mark.parametrize("missing", KEY)
def test_a_part_of_a_key_is_refused_with_what_is_missing(tmp_path: Path, missing: str) -> None:
    parts = {name: value for name, value in KEY.items() if name != missing}
    with pytest.raises(SettingsError, match=f"three parts; {missing} is not set"):
        venue(tmp_path, **parts)


def test_a_key_shows_neither_in_the_settings_nor_in_the_venue(tmp_path: Path) -> None:
    told = repr(settings(tmp_path, **KEY)) + repr(venue(tmp_path, **KEY))
    assert not [secret for secret in SECRETS if secret in told]


@pytest.mark.parametrize("name", HERE)
def test_addresses_of_two_worlds_start_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="lead to different worlds"):
        venue(tmp_path, **{name: HERE[name]})


def test_a_live_address_needs_the_live_environment_by_name(tmp_path: Path) -> None:
    live = {
        name: url.replace("ws:", "wss:").replace("http:", "https:").replace("127.0.0.1", "10.0.0.1")
        for name, url in HERE.items()
    }
    with pytest.raises(SettingsError, match="MTF_ENVIRONMENT is demo, and the addresses of BitMart lead to live"):
        venue(tmp_path, **live)
    assert venue(tmp_path, **live, MTF_ENVIRONMENT="live").label == "live exchange BitMart, real money"


def test_an_environment_that_bitmart_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BitMart has no testnet; it has: live, demo"):
        venue(tmp_path, MTF_ENVIRONMENT="testnet")


def test_an_environment_that_nobody_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MTF_ENVIRONMENT: found 'paper'; allowed: live, demo, testnet"):
        settings(tmp_path, MTF_ENVIRONMENT="paper")


def test_a_misspelt_variable_of_bitmart_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BITMART_APY_KEY=x\n")
    with pytest.raises(SettingsError, match="BITMART_APY_KEY; did you mean BITMART_API_KEY"):
        settings(tmp_path)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (SandboxOptions(seed=1), "--seed"),
        (SandboxOptions(universe_size=3), "--universe-size"),
        (SandboxOptions(candle_files=(("BTCUSDT", Path("btc.csv")),)), "--candles"),
        (SandboxOptions(align=True), "--align"),
    ],
)
def test_what_describes_the_sandbox_s_market_is_refused(options: SandboxOptions, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} describes the sandbox"):
        build_venue(Settings(exchange="bitmart", sandbox=options), Machine(SandboxClock(NOW_MS)))


def test_the_past_of_a_real_exchange_cannot_be_visited() -> None:
    with pytest.raises(SettingsError, match="has no past to visit"):
        build_venue(Settings(exchange="bitmart", at_ms=NOW_MS), Machine(SandboxClock(NOW_MS)))
    asked = build_venue(Settings(exchange="bitmart"), Machine(SandboxClock(NOW_MS)))
    assert asked.as_of is None


def test_addresses_are_those_that_were_given() -> None:
    options = BitmartOptions(public_api_url="https://api.example.org")
    with pytest.raises(SettingsError, match=r"BITMART_PUBLIC_API_URL=https://api\.example\.org is live"):
        build_venue(evolve(Settings(exchange="bitmart"), bitmart=options), Machine(SandboxClock(NOW_MS)))


async def test_rate_limits_are_the_exchange_s_unless_settings_name_others(tmp_path: Path) -> None:
    slow = venue(tmp_path, **HERE, BITMART_RATE_TIME="1/1s")
    assert slow.waited() == 0
    with pytest.raises(SettingsError, match="BITMART_RATE_KLIEN: there is no such bucket"):
        venue(tmp_path, BITMART_RATE_KLIEN="1/1s")
    with pytest.raises(SettingsError, match="BITMART_RATE_KLINE: 'fast' is no rate"):
        venue(tmp_path, BITMART_RATE_KLINE="fast")


def test_rate_limits_may_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BITMART_RATE_KLINE=6/2s\n")
    assert settings(tmp_path, BITMART_RATE_DEPTH="3/2s").rates == {
        "BITMART_RATE_DEPTH": "3/2s",
        "BITMART_RATE_KLINE": "6/2s",
    }


def test_the_world_of_a_venue_is_that_of_its_hosts(tmp_path: Path) -> None:
    assert venue(tmp_path, **HERE).world is ExchangeWorld.LOCAL
    assert venue(tmp_path, **HERE, MTF_ENVIRONMENT="live").world is ExchangeWorld.LOCAL
    assert venue(tmp_path).world is ExchangeWorld.DEMO
    assert venue(tmp_path, MTF_ENVIRONMENT="live").world is ExchangeWorld.LIVE


def test_real_money_needs_its_own_word_and_its_environment_by_name(tmp_path: Path) -> None:
    assert live_switches(settings(tmp_path)) == LiveSwitches(said_yes=False, named=False)
    assert live_switches(settings(tmp_path, MTF_LIVE="yes", MTF_ENVIRONMENT="demo")) == LiveSwitches(said_yes=True)
    assert live_switches(settings(tmp_path, MTF_LIVE="yes", MTF_ENVIRONMENT="live")) == LiveSwitches(True, True)
    with pytest.raises(SettingsError, match="MTF_LIVE: found '1'; allowed: yes, no"):
        settings(tmp_path, MTF_LIVE="1")
