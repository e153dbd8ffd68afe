"""`mtf sandbox serve` as a process: its ready line, its end, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from mtf_adapters.sandbox.faces.bitmart.opening import BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.streams import PUBLIC_PATH
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_entrypoints.cli.main import run
from tests.integration.faces.exchange import AT_MS, MARKET
from tests.tls import vouched

COMMAND = (sys.executable, "-m", "mtf_entrypoints.cli.main", "sandbox", "serve", "--universe-size", "5")


@asynccontextmanager
async def process(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    """The command as a process of its own, and what its ready line says."""
    pipe = asyncio.subprocess.PIPE
    served = await asyncio.create_subprocess_exec(*COMMAND, *options, stdout=pipe, stderr=pipe)
    assert served.stdout is not None
    try:
        yield served, json.loads(await asyncio.wait_for(served.stdout.readline(), 30))
    finally:
        if served.returncode is None:
            served.kill()
        await served.wait()


async def test_the_ready_line_leads_to_an_exchange_that_answers() -> None:
    async with process("--at", "2026-02-02T11:20Z", "--speed", "step") as (_, ready), httpx.AsyncClient() as client:
        assert set(ready) == {"face", "rest", "ws_public", "ws_private", "control", "key", "secret", "memo"}
        answer = (await client.get(f"{ready['rest']}/system/time")).json()
        assert answer["data"]["server_time"] == 1_770_031_200_000
        state = (await client.get(f"{ready['control']}/state")).json()
        assert (state["stepped"], state["now"]) == (True, "2026-02-02T11:20:00Z")


async def test_it_speaks_as_okx_where_that_face_is_asked_for(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("quirks: {sells: xperp}\n")
    stepped = ("--face", "okx", "--faults", str(script), "--at", "2026-02-02T11:20Z", "--speed", "step")
    async with process(*stepped) as (_, ready), httpx.AsyncClient() as client:
        assert set(ready) == {
            *("face", "rest", "ws_public", "ws_business", "ws_private", "control", "key", "secret", "passphrase")
        }
        assert (await client.get(f"{ready['rest']}/api/v5/public/time")).json()["data"] == [{"ts": "1770031200000"}]
        found = await client.get(f"{ready['rest']}/api/v5/public/instruments", params={"instType": "FUTURES"})
        assert {row["ruleType"] for row in found.json()["data"]} == {"xperp"}


async def test_the_control_tells_how_often_each_path_was_asked_for() -> None:
    async with process("--at", "2026-02-02T11:20Z", "--speed", "step") as (_, ready), httpx.AsyncClient() as client:
        for symbol in ("BTCUSDT", "BTCUSDT", "NOSUCHUSDT"):
            await client.get(f"{ready['rest']}/contract/public/depth", params={"symbol": symbol})
        calls = (await client.get(f"{ready['control']}/calls")).json()
        assert calls == {"/contract/public/depth": {"200": 2, "400": 1}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_without_a_word(number: signal.Signals) -> None:
    async with process() as (served, _):
        served.send_signal(number)
        assert served.stderr is not None
        assert await asyncio.wait_for(served.wait(), 10) == 0
        assert await served.stderr.read() == b""


async def test_time_flows_as_fast_as_it_is_told() -> None:
    async with process("--at", "2026-02-02T11:20Z", "--speed", "600") as (_, ready), httpx.AsyncClient() as client:
        first, second = [
            (await client.get(f"{ready['rest']}/system/time")).json()["data"]["server_time"]
            for _ in range(2)
            if not await asyncio.sleep(0.3)
        ]
        assert second - first >= 600 * 300


async def test_it_listens_on_loopback_only_and_for_its_own_names() -> None:
    async with process() as (_, ready), httpx.AsyncClient() as client:
        assert ready["rest"].startswith("http://127.0.0.1:")
        by_another_name = await client.get(f"{ready['rest']}/system/time", headers={"Host": "evil.example"})
        from_a_page = await client.post(f"{ready['control']}/restart", headers={"Origin": "https://evil.example"})
        assert (by_another_name.status_code, from_a_page.status_code) == (403, 403)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--speed", "0"], "--speed: found '0'"),
        (["--speed", "fast"], "--speed: found 'fast'"),
        (["--face", "kraken"], "--face: found 'kraken'; known: bitmart, okx"),
        (["--faults", "none.yaml"], "none.yaml:1: the file does not exist"),
        (["--candles", "BTCUSDT=x.csv"], "say with --at where in the files the clock begins"),
        (["--at", "2200-01-01T00:00Z"], "lies in the future"),
    ],
)
def test_what_cannot_be_served_is_said(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "serve", *options]) == 2
    assert complaint in capsys.readouterr().err


def test_a_script_with_an_error_is_refused_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("faults:\n  calls:\n    - {kind: lost}\n")
    assert run(["sandbox", "serve", "--faults", str(file)]) == 2
    assert ":3: faults.calls[0].kind: found 'lost'" in capsys.readouterr().err


async def test_open_streams_and_calls_that_wait_do_not_hold_up_its_end() -> None:
    async with process() as (served, ready), httpx.AsyncClient() as client:
        script = "faults: {calls: [{kind: lost_answer, on: depth, delay_ms: 60000}]}"
        assert (await client.put(f"{ready['control']}/script", content=script)).status_code == 200
        waiting = asyncio.create_task(client.get(f"{ready['rest']}/contract/public/depth?symbol=BTCUSDT", timeout=30))
        async with connect(ready["ws_public"]) as stream:
            await stream.send('{"action":"subscribe","args":["futures/ticker:BTCUSDT"]}')
            await stream.recv()
            served.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(served.wait(), 10) == 0
        await asyncio.gather(waiting, return_exceptions=True)
        assert served.stderr is not None
        assert await served.stderr.read() == b""


async def test_a_face_over_tls_is_reached_by_those_who_trust_its_authority(tmp_path: Path) -> None:
    shown, made = vouched(tmp_path), BitmartSandbox.of(MARKET, SteppedClock(AT_MS))
    trusting = ssl.create_default_context(cafile=shown.authority)
    async with served(made, certificate=shown.certificate) as address:
        port = address.rpartition(":")[2]
        async with httpx.AsyncClient(verify=trusting) as client:
            answer = await client.get(f"https://localhost:{port}/system/time")
            assert answer.json()["data"]["server_time"] == AT_MS
        async with connect(f"wss://localhost:{port}{PUBLIC_PATH}", ssl=trusting) as stream:
            await stream.send('{"action":"ping"}')
            assert "pong" in str(await asyncio.wait_for(stream.recv(), 5))
        async with httpx.AsyncClient() as stranger:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.get(f"https://localhost:{port}/system/time")


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    async with process() as (_, ready):
        port = ready["rest"].rpartition(":")[2]
        pipe = asyncio.subprocess.PIPE
        second = await asyncio.create_subprocess_exec(*COMMAND, "--port", port, stdout=pipe, stderr=pipe)
        _, errors = await asyncio.wait_for(second.communicate(), 30)
        assert (second.returncode, b"Address already in use" in errors) == (1, True)
