"""`make demo-wire`: the main job over a wire. A sandbox that speaks as BitMart, and a run through BitMart's adapter.

Both are programs of their own, as a user starts them; what comes out is compared with a run on the same market without
a wire in between. Nothing leaves this machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mtf_core.market import format_instant
from mtf_entrypoints.cli.plain import flush, write_line
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS

_MARKET = ("--seed", "1", "--universe-size", "40")
_INSTANT = format_instant(DEFAULT_INSTANT_MS)


def main() -> int:
    """Exit code 0 when both runs have the same plans, else 1."""
    with tempfile.TemporaryDirectory() as folder, _face() as face:
        _say(f"A sandbox that speaks as BitMart listens at {face['rest']}; its clock stands at {_INSTANT}.")
        _say("The run: contracts, candles, books and account by signed calls, within BitMart's rate limits.")
        over_wire = _environment(face) | {"DATABASE_URL": f"sqlite:///{Path(folder) / 'wire.db'}"}
        code = subprocess.run(_mtf("run"), env=over_wire, check=False).returncode
        if code != 0:
            return code
        wire = _plans(_mtf("run", "--json"), over_wire)
        direct = _plans(_mtf("run", "--exchange", "sandbox", "--database", "memory", *_MARKET, "--json"), _own())
    if wire != direct:
        _say("The plans differ from those of the same market without a wire:")
        _say(json.dumps({"wire": wire, "direct": direct}, indent=2))
        return 1
    _say(f"{len(wire)} plans, each with the same side, prices and size as on the same market without a wire.")
    return 0


@contextmanager
def _face() -> Iterator[dict[str, str]]:
    """The sandbox as a program of its own, and where it is, until the block ends."""
    command = _mtf("sandbox", "serve", "--face", "bitmart", *_MARKET, "--at", _INSTANT, "--speed", "step")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_own())
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"mtf sandbox serve ended with {process.wait()}")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _own() -> dict[str, str]:
    """The environment without settings that would lead to another world."""
    ours = ("MTF_", "BITMART_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _environment(face: Mapping[str, str]) -> dict[str, str]:
    return _own() | {
        "MTF_EXCHANGE": "bitmart",
        "BITMART_PUBLIC_API_URL": face["rest"],
        "BITMART_PRIVATE_API_URL": face["rest"],
        "BITMART_WS_PUBLIC_URL": face["ws_public"],
        "BITMART_WS_PRIVATE_URL": face["ws_private"],
        "BITMART_API_KEY": face["key"],
        "BITMART_SECRET_KEY": face["secret"],
        "BITMART_API_MEMO": face["memo"],
    }


def _mtf(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mtf_entrypoints.cli.main", *arguments]


def _plans(command: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The plans of a run by symbol: what of them must not depend on how the market was asked."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    same = ("side", "entry_price", "stop_price", "take_profits", "size", "leverage")
    results = json.loads(done.stdout)["results"]
    plans = {symbol: result["plan"] for symbol, result in results.items() if result.get("plan") is not None}
    return {symbol: {name: plan[name] for name in same} for symbol, plan in plans.items()}


def _say(text: str) -> None:
    write_line(text)
    flush()


if __name__ == "__main__":
    sys.exit(main())
