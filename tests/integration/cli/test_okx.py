"""OKX as a user meets it: settings, a check, a run that really places, a supervisor, and stops at the exchange."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import httpx

from mtf_entrypoints.served_sandbox import mtf_command, own_environment, served_sandbox, variables_for
from tests.integration.cli.conftest import SMALL
from tests.integration.cli.test_venues import crossed

_SECONDS = 60


def test_a_run_enters_at_okx_and_its_positions_get_their_stops_there(tmp_path: Path) -> None:
    with served_sandbox(*SMALL, "--speed", "step", face="okx") as ready:
        environment = {
            **own_environment(),
            **variables_for(ready),
            "MTF_CONFIG_DIR": str(crossed(tmp_path / "config")),
            "MTF_PROFILE": "regular",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'mtf.db'}",
            "XDG_DATA_HOME": str(tmp_path),
        }

        def ended(*words: str) -> str:
            command = mtf_command(*words)
            return subprocess.run(
                command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, check=True
            ).stdout

        assert json.loads(ended("venues", "check", "--orders", "--json"))["ok"]
        command = mtf_command("supervise", "--json")
        supervisor = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert supervisor.stdout is not None
            assert json.loads(supervisor.stdout.readline())["state"] == "supervising"
            results = json.loads(ended("run", "--no-dry-run", "--json"))["results"]
            entered = {name for name, one in results.items() if (one.get("order") or {}).get("status") == "submitted"}
            assert entered == {"AVAX-USDT-SWAP", "DOGE-USDT-SWAP"}
            for _ in range(_SECONDS):
                httpx.post(f"{ready['control']}/step", json={"ms": 1000})
                look = json.loads(supervisor.stdout.readline())
                if {one["position"] for one in look["intents"] if one["held"] != "0"} == {"protected"}:
                    break
            held = {one["symbol"] for one in look["intents"] if one["position"] == "protected"}
            orders = json.loads(ended("orders", "--json"))
        finally:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.communicate(timeout=60)
    assert held, look
    assert look["alarms"] == []
    stops = {one["symbol"]: one for one in orders["orders"] if one["purpose"] == "stop"}
    assert held <= set(stops)
    assert {stops[symbol]["size"] for symbol in held} == {None}, "each is one for the whole position"
