"""The command line and the service give the same decisions and plans for the same world."""

import json

import httpx
import pytest

from mtf_entrypoints.cli.main import run

WORLD = ["--universe-size", "12", "--at", "2026-02-01T13:00Z", "--database", "memory"]


@pytest.mark.parametrize("profile", ["regular", "scalper", "scalper_micro", "crash"])
def test_a_run_is_the_same_both_ways(client: httpx.Client, capsys: pytest.CaptureFixture[str], profile: str) -> None:
    assert run(["run", "--profile", profile, "--json", *WORLD]) == 0
    printed = json.loads(capsys.readouterr().out)
    served = client.post("/api/mtf/run", json={"profile": profile}).json()
    for name in ("results", "summary_by_tf", "rejected_by", "last_validated", "instant", "profile"):
        assert printed[name] == served[name]


def test_a_plan_is_the_same_both_ways(client: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    run(["plan", "DOGEUSDT", "--side", "long", "--tf", "15m", "--profile", "regular", "--json", *WORLD])
    printed = json.loads(capsys.readouterr().out)
    body = {"symbol": "DOGEUSDT", "side": "long", "timeframe": "15m", "profile": "regular"}
    assert client.post("/api/trade-entry/plan", json=body).json() == printed


def test_an_explanation_is_the_same_both_ways(client: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    run(["conditions", "explain", "BTCUSDT", "--json", *WORLD])
    printed = json.loads(capsys.readouterr().out)
    assert client.post("/api/conditions/explain", json={"symbol": "BTCUSDT"}).json() == printed
