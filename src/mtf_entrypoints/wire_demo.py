"""`make demo-wire`: the main job over a wire. A sandbox that speaks as BitMart, and a run through BitMart's adapter.

Both are programs of their own, as a user starts them; what comes out is compared with a run on the same market without
a wire in between. Nothing leaves this machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtf_core.market import format_instant
from mtf_entrypoints.cli.plain import flush, write_line
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from mtf_entrypoints.served_sandbox import mtf_command, own_environment, served_sandbox, variables_for

_MARKET = ("--seed", "1", "--universe-size", "40")
_INSTANT = format_instant(DEFAULT_INSTANT_MS)
_TIME = ("--at", _INSTANT, "--speed", "step")


def main() -> int:
    """Exit code 0 when both runs have the same plans, else 1."""
    with tempfile.TemporaryDirectory() as folder, served_sandbox(*_MARKET, *_TIME) as ready:
        _say(f"A sandbox that speaks as BitMart listens at {ready['rest']}; its clock stands at {_INSTANT}.")
        _say("The run: contracts, candles, books and account by signed calls, within BitMart's rate limits.")
        database = {"DATABASE_URL": f"sqlite:///{Path(folder) / 'wire.db'}"}
        over_wire = own_environment() | variables_for(ready) | database
        code = subprocess.run(mtf_command("run"), env=over_wire, check=False).returncode
        if code != 0:
            return code
        wire = _plans(mtf_command("run", "--json"), over_wire)
        direct = _plans(
            mtf_command("run", "--exchange", "sandbox", "--database", "memory", *_MARKET, "--json"), own_environment()
        )
    if wire != direct:
        _say("The plans differ from those of the same market without a wire:")
        _say(json.dumps({"wire": wire, "direct": direct}, indent=2))
        return 1
    _say(f"{len(wire)} plans, each with the same side, prices and size as on the same market without a wire.")
    return 0


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
