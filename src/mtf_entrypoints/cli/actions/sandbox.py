"""`mtf sandbox`."""

from __future__ import annotations

from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.overview import MarketRow, market_overview
from mtf_core.market import format_instant
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.sandbox_venue import sandbox_world


def market(world: World, limit: int, as_json: bool) -> None:
    """Prints the market at the instant."""
    sandbox = sandbox_world(settings_of(world))
    now_ms = WallClock().now_ms() if sandbox.at_ms is None else sandbox.at_ms
    overview = market_overview(sandbox.market, now_ms, limit)
    if as_json:
        output.write_json(
            {
                "at": format_instant(now_ms),
                "world": sandbox.namespace,
                "rows": [_row_to_json(row) for row in overview.rows],
                "unpriced": dict(overview.unpriced),
            }
        )
        return
    output.write_line(f"{sandbox.namespace} at {format_instant(now_ms)}")
    numbers = ("price", "24h", "turnover 24h", "spread")
    table = output.table(
        "symbol", "status", *numbers, "last 48 hours", right=numbers, optional=("status", "last 48 hours")
    )
    for row in overview.rows:
        change = "unknown" if row.change_24h_ratio is None else f"{row.change_24h_ratio:+.2%}"
        table.add_row(
            row.symbol,
            row.status,
            f"{row.price:f}",
            change,
            f"{row.turnover_24h:,.0f}",
            f"{float(row.spread_ratio) * 10_000:.2f} bps",
            str(row.regime),
        )
    output.console().print(table)
    for symbol, why in overview.unpriced:
        output.write_line(f"{symbol}: {why}")


def _row_to_json(row: MarketRow) -> dict[str, object]:
    return {
        "symbol": row.symbol,
        "status": row.status,
        "price": f"{row.price:f}",
        "change_24h_ratio": row.change_24h_ratio,
        "turnover_24h": f"{row.turnover_24h:f}",
        "spread_ratio": float(row.spread_ratio),
        "regime": str(row.regime),
    }
