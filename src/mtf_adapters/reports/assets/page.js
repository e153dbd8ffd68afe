"use strict";
// Draws what the tables of the page cannot show. Everything comes from the two packed documents in the page itself.
(async () => {
  const byId = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  const report = await unpacked("report");
  const candles = await unpacked("candles");
  const seconds = (instant) => Date.parse(instant) / 1000;

  // --- equity -----------------------------------------------------------------------------------------------
  const plots = [];
  const shown = (digits, unit) => (plot, value) => (value == null ? "–" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) + unit);

  const dated = (at, step) => {
    const text = new Date(at * 1000).toISOString();
    return step >= 86400 ? text.slice(0, 10) : text.slice(11, 16) === "00:00" ? text.slice(5, 10) : text.slice(11, 16);
  };

  const plot = (id, height, series, data, unit, scale = {}) => {
    const box = byId(id);
    const axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
    const options = {
      width: box.clientWidth, height, padding: [12, 40, null, null], scales: { y: scale }, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: { sync: { key: "account" }, drag: { x: true, y: false } },
      axes: [{ ...axis, space: 100, values: (_, ticks, __, ___, step) => ticks.map((one) => dated(one, step)) }, { ...axis, size: 78, values: (_, ticks) => ticks.map((one) => one.toLocaleString("en") + unit) }],
      series: [{ label: "UTC", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...series],
    };
    plots.push(new uPlot(options, data, box));
  };

  const drawAccount = () => {
    plots.splice(0).forEach((one) => one.destroy());
    if (report.equity.length < 2) return;
    const stepped = uPlot.paths.stepped({ align: 1 });
    const account = [report.equity.map((one) => seconds(one.at)), report.equity.map((one) => Number(one.equity_usdt))];
    const below = [account[0], report.equity.map((one) => one.underwater_pct)];
    const series = [{ label: "equity", stroke: colour("accent"), width: 2, paths: stepped, points: { show: false }, value: shown(2, " USDT") }];
    let data = account;
    if (report.buy_and_hold) {
      const worth = report.buy_and_hold.worth_usdt;
      data = uPlot.join([account, [worth.map((one) => seconds(one.at)), worth.map((one) => Number(one.worth_usdt))]]);
      // Where only the other curve has a point, equity goes on as it was; buy and hold is known at midnights, and a line joins them.
      let last = null;
      data = [data[0], data[1].map((one) => (last = one ?? last)), data[2].map((one) => one ?? null)];
      const before = (plot, value, number, row) => { while (row > 0 && plot.data[number][row] == null) row -= 1; return plot.data[number][row]; };
      const told = (plot, value, number, row) => shown(2, " USDT")(plot, row == null ? null : before(plot, value, number, row));
      // Beside a market that moves by much, an account that risks little is a flat line: then the market is shown when it is asked for.
      const range = (column) => Math.max(...column) - Math.min(...column);
      const isFlat = range(account[1]) < range(worth.map((one) => Number(one.worth_usdt))) / 4;
      series.push({ label: isFlat ? "buy and hold (click)" : "buy and hold", show: !isFlat, stroke: colour("hold"), width: 1, dash: [5, 4], spanGaps: true, points: { show: false }, value: told });
    }
    plot("equity", 300, series, data, "");
    const water = [{ label: "under its best", stroke: colour("loss"), fill: colour("loss") + "33", width: 1, paths: stepped, points: { show: false }, value: shown(2, " %") }];
    plot("underwater", 150, water, below, " %", { range: (_, low) => [Math.min(1.1 * low, -1), 0] });
  };

  // --- trades on candles ------------------------------------------------------------------------------------
  const decoded = (stretch, decimals) => {
    const unit = 10 ** decimals;
    let minute = stretch.at;
    let before = 0;
    return stretch.close.map((step, row) => {
      if (row) minute += stretch.step * (stretch.times ? stretch.times[row] : 1);
      const close = before + step;
      const open = before + stretch.open[row];
      const high = Math.max(open, close) + stretch.high[row];
      const low = Math.min(open, close) - stretch.low[row];
      before = close;
      return { time: minute * 60, open: open / unit, high: high / unit, low: low / unit, close: close / unit };
    });
  };

  const trades = report.trades.map((trade, number) => ({ ...trade, ...report.trade_details[number], number }));
  const inR = (trade) => (trade.r_net == null ? trade.net_usdt + " USDT" : (trade.r_net < 0 ? "" : "+") + trade.r_net.toFixed(2) + " R");
  let chart = null;

  const MOST_SHOWN = 500; // candles at once: more of them, with their trades, are a cloud

  const marks = (trade, step, isNear, isCrowded) => {
    const at = (instant) => Math.floor(seconds(instant) / step) * step;
    const isLong = trade.side === "long";
    const style = colour(Number(trade.net_usdt) > 0 ? "gain" : Number(trade.net_usdt) < 0 ? "loss" : "even");
    const found = [];
    if (trade.entry_at) found.push({ time: at(trade.entry_at), position: isLong ? "belowBar" : "aboveBar", shape: isLong ? "arrowUp" : "arrowDown", color: colour("accent"), text: isNear ? trade.side : "" });
    found.push({ time: at(trade.exit_at), position: isLong ? "aboveBar" : "belowBar", shape: "square", color: style, text: isNear ? `${trade.exit_reason ?? "left"} ${inR(trade)}` : isCrowded ? "" : inR(trade) });
    return found;
  };

  const drawCandles = () => {
    if (chart) chart.remove();
    chart = null;
    const symbol = byId("symbol").value;
    const held = candles[symbol];
    if (!held) return;
    const chosen = byId("trade").value;
    const near = chosen === "" ? null : held.near[chosen];
    const stretches = near ? [near] : held.far;
    const step = stretches[0].step * 60;
    const rows = stretches.flatMap((stretch, place) => {
      const part = decoded(stretch, held.decimals);
      return place ? [{ time: part[0].time - step }, ...part] : part;
    });
    chart = LightweightCharts.createChart(byId("candle-chart"), {
      autoSize: true,
      layout: { background: { color: "transparent" }, textColor: colour("ink") },
      grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
      timeScale: { timeVisible: true, secondsVisible: false, minBarSpacing: 0.02, borderColor: colour("line") },
      rightPriceScale: { borderColor: colour("line") },
      crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
    });
    const series = chart.addSeries(LightweightCharts.CandlestickSeries, {
      upColor: colour("gain"), wickUpColor: colour("gain"), downColor: colour("loss"), wickDownColor: colour("loss"), borderVisible: false,
      priceFormat: { type: "price", precision: held.decimals, minMove: 10 ** -held.decimals }, priceLineVisible: false, lastValueVisible: false,
    });
    const times = new Set();
    series.setData(rows.filter((row) => !times.has(row.time) && times.add(row.time)));
    const own = trades.filter((trade) => trade.symbol === symbol && (!near || trade.number === Number(chosen)));
    const drawn = own.flatMap((trade) => marks(trade, step, Boolean(near), own.length > 12)).filter((mark) => times.has(mark.time));
    LightweightCharts.createSeriesMarkers(series, drawn.sort((one, other) => one.time - other.time));
    if (near) {
      const [trade] = own;
      const dashed = LightweightCharts.LineStyle.Dashed;
      const lines = [["entry", trade.entry_price, "accent"], ["stop", trade.planned_stop, "loss"], ["exit", trade.exit_price, "even"]];
      lines.filter(([, price]) => price != null).forEach(([title, price, name]) =>
        series.createPriceLine({ price: Number(price), color: colour(name), lineStyle: dashed, lineWidth: 1, axisLabelVisible: true, title }));
    }
    if (near || rows.length <= MOST_SHOWN) chart.timeScale().fitContent();
    else chart.timeScale().setVisibleLogicalRange({ from: rows.length - MOST_SHOWN, to: rows.length });
  };

  const option = (value, text) => {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = text;
    return made;
  };

  const listTrades = () => {
    const symbol = byId("symbol").value;
    const near = candles[symbol].near;
    const own = trades.filter((trade) => trade.symbol === symbol && near[trade.number]);
    byId("trade").replaceChildren(
      option("", "all, 15-minute candles"),
      ...own.map((trade) => option(String(trade.number), `${trade.number + 1}: ${trade.exit_at.slice(0, 16).replace("T", " ")} ${trade.side} ${inR(trade)}, one-minute candles`)),
    );
    drawCandles();
  };

  const listSymbols = () => {
    const names = Object.keys(candles);
    const counts = new Map(names.map((name) => [name, trades.filter((trade) => trade.symbol === name).length]));
    byId("symbol").replaceChildren(...names.map((name) => option(name, `${name} (${counts.get(name)})`)));
    const missing = new Set(trades.map((trade) => trade.symbol)).size - names.length;
    byId("candles-told").textContent = names.length
      ? "Arrows are entries, squares exits. Choose a trade to see it minute by minute; of many trades the last are shown: drag to the right for earlier ones, turn the wheel or pinch for more at once." + (missing ? ` ${missing} symbols whose trades moved less money are not drawn.` : "")
      : "There is no trade to draw.";
    if (!names.length) return;
    byId("choices").hidden = false;
    byId("candle-chart").classList.add("drawn");
    byId("symbol").addEventListener("change", listTrades);
    byId("trade").addEventListener("change", drawCandles);
    listTrades();
  };

  drawAccount();
  listSymbols();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawAccount(); drawCandles(); });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; drawAccount(); } });
})().catch((error) => {
  document.getElementById("candles-told").textContent = `The charts cannot be drawn here (${error}). Every figure is in the tables.`;
});
