"""Everything that the routes of the account answer is in the OpenAPI document, and as it says."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from mtf_core.orders import Alarm, AlarmKind, ExitReason, PositionState, Progress
from mtf_core.ports import Request
from tests.integration.account.stage import Stage
from tests.integration.faces.exchange import SYMBOL
from tests.integration.http.test_openapi import undescribed, wrong


async def test_the_schemas_say_everything_that_is_told_of_an_account(stage: Stage) -> None:
    first = await stage.holds()
    seen = evolve(first.progress, best_mark=stage.price("1.01"), worst_mark=stage.price("0.99"))
    await stage.left(first, progress=evolve(seen, exit_reason=ExitReason.TARGET))
    held = await stage.holds(key=f"{SYMBOL}:5m:1:long")
    await stage.orders.raise_alarms([Alarm(AlarmKind.STALE, SYMBOL, "look", stage.now_ms)], stage.now_ms)
    await stage.orders.ask(Request(0, SYMBOL, "close", {}, "anna", stage.now_ms))
    reads = (
        "positions",
        "orders",
        "trades",
        "stats/trades",
        f"story/{first.decision_key}",
        f"story/{held.decision_key}",
        "alarms",
    )
    body = {"confirm": True, "price": "1", "size": "1", "profit": "0", "reason": "x", "wait_seconds": 1}
    writes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("close", {"confirm": True, "wait_seconds": 1}),
        ("protect", {"stop": f"{stage.price('0.99'):f}", "wait_seconds": 1}),
        ("targets", {"r": "1,2", "preview": True}),
        ("book", body),
        ("withdraw", {}),
    )
    async with stage.served() as ask:
        document = (await ask("GET", "/schema/openapi.json")).json()
        schemas = document["components"]["schemas"]
        for path in reads:
            answer = await ask("GET", f"/mtf/{path}")
            route = "/mtf/" + (path if "/" not in path or path.startswith("stats") else "story/{key}")
            schema = document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert list(undescribed(answer.json(), schema, schemas, path)) == []
            assert wrong(answer.json(), schema, schemas) == []
        for what, fields in writes:
            if what == "book":
                await stage.orders.save(evolve(held, position=PositionState.STALE, progress=Progress()))
            answer = await ask("POST", f"/mtf/positions/{SYMBOL}/{what}", json=fields)
            said = document["paths"]["/mtf/positions/{symbol}/" + what]["post"]["responses"][str(answer.status_code)]
            schema = said["content"]["application/json"]["schema"]
            assert answer.status_code == (200 if what in {"targets", "withdraw"} else 202), answer.text
            assert list(undescribed(answer.json(), schema, schemas, what)) == []
            assert wrong(answer.json(), schema, schemas) == []
