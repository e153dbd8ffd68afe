"""`mtf venues` and `mtf venues check`, over HTTP against a sandbox that speaks as a real exchange."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from mtf_entrypoints.served_sandbox import served_sandbox, variables_for
from mtf_entrypoints.venue_options import VenueOptions
from mtf_entrypoints.wires import WIRES
from tests.integration.cli.conftest import Ended, Mtf

PUBLIC = ("world", "clock", "contracts", "contract", "candles", "quote", "candle_stream")
OF_ITS_OWN = {"key_rights", "key_addresses", "account_mode", "account_rate", "exchange_status"}
PRIVATE = ("position_mode", "margin_mode", "balance", "holdings", "account_stream")


FACES = ("bitmart", "okx")
CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture(scope="module", params=FACES)
def ready(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """A sandbox that speaks as each exchange in turn."""
    with served_sandbox("--universe-size", "12", face=request.param) as line:
        yield line


@pytest.fixture
def options(ready: Mapping[str, str]) -> type[VenueOptions]:
    return WIRES[ready["face"]]().options_type


def crossed(folder: Path) -> Path:
    """The shipped configuration with the margin mode that every exchange has."""
    config = Path(shutil.copytree(CONFIG, folder))
    entry = config / "app" / "trade_entry.yaml"
    entry.write_text(entry.read_text().replace("margin_mode: isolated", "margin_mode: cross"))
    return config


@pytest.fixture
def here(ready: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, mtf: Mtf, tmp_path: Path) -> Mtf:
    """The command line with settings that lead to the sandbox, and a profile whose margin every exchange has."""
    for name, value in {**variables_for(ready), "MTF_CONFIG_DIR": str(crossed(tmp_path / "config"))}.items():
        monkeypatch.setenv(name, value)
    return mtf


def symbol_of(ready: Mapping[str, str], base: str) -> str:
    return {"bitmart": f"{base}USDT", "okx": f"{base}-USDT-SWAP"}[ready["face"]]


def names(ended: Ended) -> list[str]:
    return [one["name"] for one in ended.json["checks"]]


def finding(ended: Ended, name: str) -> dict[str, object]:
    found: dict[str, object] = next(one for one in ended.json["checks"] if one["name"] == name)
    return found


def test_the_exchanges_that_there_are_are_told_for_people_and_programs(mtf: Mtf) -> None:
    shown = mtf("venues")
    assert shown.code == 0
    assert "stop in entry" in shown.out
    assert "No machine of this project has reached a real exchange" in shown.out
    document = mtf("venues", "--json").json
    assert {"sandbox", *FACES} <= {one["exchange"] for one in document["venues"]}
    assert {tuple(one) for one in document["venues"]} == {
        (
            *("exchange", "market_type", "environments", "default_environment", "choices", "sandbox_face", "paper"),
            *("capabilities", "proven", "real_exchange_reached", "remark", "page"),
        )
    }


def test_an_exchange_is_checked_line_by_line(here: Mtf) -> None:
    ended = here("venues", "check")
    assert (ended.code, ended.err) == (0, "")
    assert all(line.startswith(("ok      ", "        ")) for line in ended.out.splitlines()[:-1])
    assert ended.out.endswith("Everything that was looked at is ok.\n")
    assert "ok      candle stream: connected and subscribed" in ended.out


def test_the_document_has_every_finding_under_its_name(here: Mtf, ready: Mapping[str, str]) -> None:
    symbol = symbol_of(ready, "ETH")
    ended = here("venues", "check", "--symbol", symbol, "--json")
    assert ended.code == 0
    assert {name: ended.json[name] for name in ("exchange", "environment", "ok")} == {
        "exchange": ready["face"],
        "environment": "demo",
        "ok": True,
    }
    assert [name for name in names(ended) if name not in OF_ITS_OWN] == [*PUBLIC, "key", *PRIVATE, "limits"]
    assert str(finding(ended, "contract")["found"]).startswith(f"{symbol}: ")
    assert all(set(one) == {"name", "ok", "found", "do"} for one in ended.json["checks"])


def test_an_order_is_placed_and_leaves_nothing_behind(here: Mtf) -> None:
    ended = here("venues", "check", "--orders", "--json")
    assert ended.code == 0
    assert "accepted, read, cancelled, and gone" in str(finding(ended, "order")["found"])
    assert finding(here("venues", "check", "--json"), "holdings")["found"] == "0 positions, 0 open orders"


def test_the_margin_that_a_shipped_profile_asks_for_is_told_where_it_is_not_offered(
    here: Mtf, ready: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MTF_CONFIG_DIR")
    found = finding(here("venues", "check", "--json"), "margin_mode")
    assert found["ok"] == (ready["face"] == "bitmart")
    assert ready["face"] == "bitmart" or found["do"] == "Set defaults.margin_mode in trade_entry.yaml to cross."


def set_mode(ready: Mapping[str, str], mode: str) -> None:
    """As the account's owner does it on the exchange's site."""
    command = {"type": "SetPositionMode", "account": "trader", "mode": mode}
    answer = httpx.post(f"{ready['control']}/commands", json=command)
    assert answer.json()["answer"]["type"] == "Accepted", answer.text


def test_an_account_in_the_other_mode_is_told_and_no_order_is_sent(here: Mtf, ready: Mapping[str, str]) -> None:
    set_mode(ready, "one_way")
    try:
        ended = here("venues", "check", "--orders", "--json")
    finally:
        set_mode(ready, "hedge")
    assert ended.code == 1
    assert finding(ended, "position_mode")["found"] == "the account is in mode one_way, orders.position_mode is hedge"
    assert finding(ended, "order")["found"] == "nothing was sent: the account is in mode one_way"
    assert [one["name"] for one in ended.json["checks"] if not one["ok"]] == ["position_mode", "order"]


def test_an_account_of_okx_that_has_no_contracts_is_told_with_what_to_choose(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "spot.yaml"
    script.write_text("quirks: {account_level: 1}")
    with served_sandbox("--universe-size", "5", "--faults", str(script), face="okx") as ready:
        for name, value in variables_for(ready).items():
            monkeypatch.setenv(name, value)
        ended = mtf("venues", "check", "--json")
    assert ended.code == 1
    assert "choose the futures mode" in str(finding(ended, "key")["found"])
    assert (finding(ended, "account_mode")["ok"], finding(ended, "key_rights")["ok"]) == (False, True)


def test_the_eea_s_perpetuals_are_found_by_the_region_and_want_their_currency_in_the_profile(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, config = tmp_path / "eea.yaml", crossed(tmp_path / "config")
    script.write_text("quirks: {sells: xperp}")
    with served_sandbox("--universe-size", "5", "--faults", str(script), face="okx") as ready:
        for name, value in {**variables_for(ready), "OKX_REGION": "eea", "MTF_CONFIG_DIR": str(config)}.items():
            monkeypatch.setenv(name, value)
        in_usdt = mtf("venues", "check", "--json")
        contracts = config / "app" / "mtf_contracts.yaml"
        contracts.write_text(contracts.read_text().replace("quote_currency: USDT", "quote_currency: USD"))
        in_usd = mtf("venues", "check", "--orders", "--json")
        monkeypatch.setenv("OKX_PRODUCT", "swap")
        swaps = mtf("venues", "check", "--json")
    assert [one["name"] for one in in_usdt.json["checks"] if not one["ok"]] == ["contracts"]
    assert str(finding(in_usdt, "contracts")["do"]).endswith("to one of: USD.")
    assert in_usd.code == 0
    assert "_UM_XPERP-" in str(finding(in_usd, "order")["found"])
    assert "region and product" in str(finding(swaps, "contracts")["do"]), "accounts there get no swaps in USDT"


def test_a_wrong_key_is_told_with_its_line_and_fails(
    here: Mtf, options: type[VenueOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(options.variable("api_key"), "not-the-key")
    ended = here("venues", "check")
    assert ended.code == 1
    assert "not ok  key: " in ended.out
    assert "Everything" not in ended.out
    assert "not-the-key" not in ended.out


def test_without_a_key_what_is_public_is_looked_at_and_the_rest_is_said(
    here: Mtf, options: type[VenueOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in options.KEY:
        monkeypatch.delenv(options.variable(part))
    ended = here("venues", "check", "--json")
    assert ended.code == 1
    assert names(ended) == [*PUBLIC, "key", "limits"]
    assert ended.err.startswith("mtf: There is no key of ")
    assert "MTF_PAPER=yes" in str(finding(ended, "key")["do"])
    monkeypatch.setenv("MTF_PAPER", "yes")
    on_paper = here("venues", "check", "--json")
    assert (on_paper.code, names(on_paper), on_paper.err) == (0, [*PUBLIC, "limits"], "")


def test_an_exchange_that_cannot_be_reached_is_told_by_its_lines(
    here: Mtf, options: type[VenueOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in options.variables():
        if name.endswith("_URL"):
            monkeypatch.setenv(name, "ws://127.0.0.1:1" if "_WS_" in name else "http://127.0.0.1:1")
    ended = here("venues", "check", "--json")
    assert ended.code == 1
    assert not finding(ended, "clock")["ok"]
    assert "can be reached" in str(finding(ended, "clock")["do"])


def test_with_real_money_no_order_is_placed_and_nothing_is_asked(mtf: Mtf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTF_EXCHANGE", "bitmart")
    ended = mtf("venues", "check", "--orders", "--environment", "live")
    assert (ended.code, ended.out) == (3, "")
    assert "on a demo or an exchange of this machine only" in ended.err


def test_what_cannot_be_checked_is_refused_with_what_can(mtf: Mtf, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = mtf("venues", "check")
    assert (nothing.code, "mtf sandbox serve" in nothing.err) == (2, True)
    assert (
        "MTF_ENVIRONMENT: BitMart has no testnet" in mtf("venues", "check", "bitmart", "--environment", "testnet").err
    )
    assert "--environment: found 'paper'; allowed: live, demo" in mtf("venues", "check", "--environment", "paper").err
    assert "--json stands behind the command" in mtf("venues", "--json", "check", "bitmart").err
    monkeypatch.setenv("MTF_PAPER", "yes")
    assert "MTF_PAPER=yes uses none" in mtf("venues", "check", "bitmart", "--orders").err


def test_nothing_is_stored_and_no_folder_is_made(here: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert here("venues", "check").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["config"]
