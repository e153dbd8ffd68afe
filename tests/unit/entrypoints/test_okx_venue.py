"""OKX out of the settings: whose world it is, whose key, and what is refused before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtf_adapters.okx.hosts import HOSTS
from mtf_adapters.okx.venue import NO_KEY
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.ports import ExchangeError, ExchangeWorld, LiveSwitches, Venue
from mtf_entrypoints.container import live_switches
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.replays import capabilities_of
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError, read_settings
from mtf_entrypoints.venues import build_venue
from tests.unit.okx.desk import CREDENTIALS, NOW_MS

SECRETS = (CREDENTIALS.key, CREDENTIALS.secret, CREDENTIALS.passphrase)
KEY = dict(zip(("OKX_API_KEY", "OKX_SECRET_KEY", "OKX_PASSPHRASE"), SECRETS, strict=True))
HERE = {
    "OKX_REST_URL": "http://127.0.0.1:8080",
    "OKX_WS_PUBLIC_URL": "ws://127.0.0.1:8080/ws/v5/public",
    "OKX_WS_BUSINESS_URL": "ws://127.0.0.1:8080/ws/v5/business",
    "OKX_WS_PRIVATE_URL": "ws://127.0.0.1:8080/ws/v5/private",
}


def settings(tmp_path: Path, **environ: str) -> Settings:
    return read_settings(None, {"MTF_EXCHANGE": "okx", **environ}, tmp_path / ".env")


def venue(tmp_path: Path, **environ: str) -> Venue:
    return build_venue(settings(tmp_path, **environ), Machine(SandboxClock(NOW_MS)))


def test_okx_is_its_global_demo_unless_another_world_is_named(tmp_path: Path) -> None:
    demo = venue(tmp_path)
    assert (demo.exchange, demo.world, demo.label) == ("okx", ExchangeWorld.DEMO, "demo of OKX, play money")
    live = venue(tmp_path, MTF_ENVIRONMENT="live")
    assert (live.world, live.label) == (ExchangeWorld.LIVE, "live exchange OKX, real money")
    with pytest.raises(SettingsError, match="MTF_ENVIRONMENT: OKX has no testnet; it has: demo, live"):
        venue(tmp_path, MTF_ENVIRONMENT="testnet")


def test_regions_and_products_are_worlds_of_their_own_and_the_eea_is_sold_x_perps(tmp_path: Path) -> None:
    namespaces = {
        words: venue(tmp_path, **dict(zip(("OKX_REGION", "OKX_PRODUCT"), words, strict=False))).namespace
        for words in (("global",), ("eea",), ("us",), ("global", "xperp"), ("eea", "swap"))
    }
    assert len(set(namespaces.values())) == len(namespaces)
    assert venue(tmp_path).namespace == namespaces["global",]
    assert venue(tmp_path, OKX_PRODUCT="swap").namespace == namespaces["global",]
    assert venue(tmp_path, OKX_REGION="eea", OKX_PRODUCT="xperp").namespace == namespaces["eea",]


@pytest.mark.parametrize("region", ["global", "eea", "us"])
@pytest.mark.parametrize("environment", ["demo", "live"])
def test_the_hosts_are_those_of_region_and_environment(tmp_path: Path, region: str, environment: str) -> None:
    """Given as they are, they are the same venue; those of another region or world start nothing."""
    hosts = HOSTS[region, environment]
    given = dict(zip(HERE, (hosts.rest, hosts.ws_public, hosts.ws_business, hosts.ws_private), strict=True))
    chosen = {"OKX_REGION": region, "MTF_ENVIRONMENT": environment}
    assert venue(tmp_path, **chosen, **given).namespace == venue(tmp_path, **chosen).namespace
    for other in (
        {**chosen, "OKX_REGION": "us" if region == "eea" else "eea"},
        {**chosen, "MTF_ENVIRONMENT": "live" if environment == "demo" else "demo"},
    ):
        with pytest.raises(SettingsError):
            venue(tmp_path, **other, **given)


@pytest.mark.parametrize("name", HERE)
def test_each_address_is_used_and_those_of_two_worlds_start_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="lead to different worlds"):
        venue(tmp_path, **{name: HERE[name]})


def test_what_is_stored_of_two_sandboxes_is_kept_apart(tmp_path: Path) -> None:
    other = {name: url.replace("8080", "8081") for name, url in HERE.items()}
    assert venue(tmp_path, **HERE).namespace != venue(tmp_path, **other).namespace
    assert venue(tmp_path, **HERE).world is ExchangeWorld.LOCAL
    assert venue(tmp_path, **HERE, MTF_ENVIRONMENT="live").world is ExchangeWorld.LOCAL


async def test_without_a_key_the_account_is_not_known_and_nothing_can_be_traded(tmp_path: Path) -> None:
    public = venue(tmp_path, **HERE)
    assert NO_KEY in public.remarks
    assert public.trading is None
    with pytest.raises(ExchangeError, match="there is no key"):
        await public.account.account_state()
    assert venue(tmp_path, **HERE, **KEY).trading is not None


@pytest.mark.parametrize("missing", KEY)
def test_a_part_of_a_key_is_refused_with_what_is_missing(tmp_path: Path, missing: str) -> None:
    parts = {name: value for name, value in KEY.items() if name != missing}
    with pytest.raises(SettingsError, match=f"a key of OKX has three parts; {missing} is not set"):
        venue(tmp_path, **parts)


@pytest.mark.parametrize("sign", [" ", "\t", "\x07", "é"])
@pytest.mark.parametrize("part", ["OKX_API_KEY", "OKX_PASSPHRASE"])
def test_what_no_header_can_carry_is_refused_without_being_shown(tmp_path: Path, part: str, sign: str) -> None:
    with pytest.raises(SettingsError, match=f"{part}: holds") as refused:
        venue(tmp_path, **HERE, **KEY | {part: f"half{sign}other"})
    assert "half" not in str(refused.value)


def test_a_key_shows_neither_in_the_settings_nor_in_the_venue(tmp_path: Path) -> None:
    told = repr(settings(tmp_path, **KEY)) + repr(venue(tmp_path, **KEY))
    assert not [secret for secret in SECRETS if secret in told]


def test_real_money_needs_its_own_word_and_its_environment_by_name(tmp_path: Path) -> None:
    assert live_switches(settings(tmp_path)) == LiveSwitches(said_yes=False, named=False)
    assert live_switches(settings(tmp_path, MTF_LIVE="yes", MTF_ENVIRONMENT="live")) == LiveSwitches(True, True)


def test_what_describes_the_sandbox_s_market_and_a_past_instant_are_refused() -> None:
    with pytest.raises(SettingsError, match="--seed describes the sandbox"):
        build_venue(Settings(exchange="okx", sandbox=SandboxOptions(seed=1)), Machine(SandboxClock(NOW_MS)))
    with pytest.raises(SettingsError, match="the exchange okx has no past to visit"):
        build_venue(Settings(exchange="okx", at_ms=NOW_MS), Machine(SandboxClock(NOW_MS)))


async def test_rate_limits_are_the_exchange_s_unless_settings_name_others(tmp_path: Path) -> None:
    usual, slow = (
        venue(tmp_path, **HERE).exits_left(),
        venue(tmp_path, **HERE, OKX_RATE_CANCEL_ALGOS="4/2s").exits_left(),
    )
    assert usual is not None
    assert slow is not None
    assert 0 < slow < usual
    with pytest.raises(SettingsError, match="OKX_RATE_KLINE: there is no such bucket"):
        venue(tmp_path, OKX_RATE_KLINE="1/1s")
    with pytest.raises(SettingsError, match="OKX_RATE_CANDLES: 'fast' is no rate"):
        venue(tmp_path, OKX_RATE_CANDLES="fast")


def test_on_paper_no_key_is_used_whatever_is_set(tmp_path: Path) -> None:
    paper = venue(tmp_path, **HERE, **KEY, MTF_PAPER="yes")
    assert paper.world is ExchangeWorld.PAPER
    assert paper.examine is None
    assert paper.label.startswith("paper account at the quotes of the sandbox that speaks as OKX")
    assert "The key of OKX that is set is not used: on paper nothing private is asked." in paper.remarks
    assert NO_KEY not in paper.remarks
    assert paper.namespace == f"{venue(tmp_path, **HERE).namespace}-paper"


def test_a_replay_models_what_okx_can_do(tmp_path: Path) -> None:
    assert capabilities_of("okx") is venue(tmp_path).capabilities
    assert capabilities_of("okx") != capabilities_of("bitmart")
