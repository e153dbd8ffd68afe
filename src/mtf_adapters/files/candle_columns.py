"""Which columns of a table are the parts of a candle: by their names, or without names by what the first row holds.

One recognition for files of every format and for frames. What it takes is what exchanges and traders' programs write;
where two columns could be meant, it refuses and says what to rename.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import evolve, frozen

from mtf_adapters.files.candle_times import is_count, is_time
from mtf_core.market import COLUMNS, InvalidCandlesError

TIME_NAMES = (
    *("timestamp", "open_time", "opentime", "open_ms", "time", "date", "datetime", "unix", "unix_timestamp"),
    *("unix_time", "ts", "t", "gmt_time", "utc_time", "time_utc", "date_utc", "start", "start_time", "start_at"),
)
"""Names of a column of open times."""

_PRICE_NAMES = {
    name: (name, name[0], f"{name}_price", f"price_{name}", f"{name}price") for name in ("open", "high", "low", "close")
}
# The first name that is there is taken: volume in base currency before one in contracts before one in ticks.
_VOLUME_NAMES = (
    *("vol_ccy", "volccy", "base_volume", "basevolume", "volume_base", "base_asset_volume", "volume"),
    *("vol", "v", "real_volume", "tickvol", "tick_volume", "tickvolume"),
)
_QUOTE_VOLUME_NAMES = (
    *("quote_volume", "quotevolume", "volume_quote", "quote_asset_volume", "vol_quote", "volccyquote", "turnover"),
    *("amount", "value", "volume_usd", "volume_usdt"),
)
_QUOTE_CURRENCIES = frozenset(
    ("usdt", "usdc", "usd", "busd", "fdusd", "tusd", "dai", "eur", "gbp", "quote", "currency")
)
_CONFIRMED_NAMES = ("confirm", "confirmed", "is_closed", "closed")

_INDEX_NAMES = ("", "index", "unnamed:_0", "_index_level_0_")
"""What pandas calls an index that has no name."""

_PRICES = ("open", "high", "low", "close")
_WITHOUT_HEADER = {
    6: ("time", *COLUMNS),
    7: ("time", *COLUMNS, "trades"),
    9: ("time", *_PRICES, "contracts", "volume", "quote volume", "confirmed"),
    12: ("open time", *COLUMNS, "close time", "quote volume", "trades", "taker volume", "its quote volume", "nothing"),
}
"""Orders of columns in tables without a header, by how many there are: freqtrade, Kraken, OKX, Binance."""


@frozen
class CandleColumns:
    """Where in a table the parts of a candle stand, counted from 0, and what there is to say about it."""

    times: tuple[int, ...]
    """One column of open times, or that of the date and that of the time of day."""
    prices: tuple[int, int, int, int]
    """Open, high, low, close."""
    volumes: tuple[int, ...]
    """Where volume stands; where two are given, the second is for files whose first holds nothing but zeros."""
    volume_names: tuple[str, ...] = ()
    """Where it had to be chosen: all columns that hold a volume, those of `volumes` first."""
    confirmed: int | None = None
    """Where 0 marks a candle that was not closed."""
    in_utc: bool = False
    """The name of the time column says that it is UTC."""
    has_header: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[int, ...]:
        """The columns that are read as texts: times and, where there are any, marks of unconfirmed candles."""
        return self.times if self.confirmed is None else (*self.times, self.confirmed)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The columns of prices and volumes."""
        return (*self.prices, *self.volumes)


def plain_name(name: object) -> str:
    """A column's name without case, blanks and brackets: `<OPEN>` is `open`, `Volume (BTC)` is `volume_btc`."""
    return re.sub(r"[\s\-._]+", "_", re.sub(r"[<>()\[\]]", "", str(name)).strip().lower())


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row names columns: it has words for some of open, high, low and close, or for a time and a price."""
    names = [plain_name(cell) for cell in cells]
    prices = sum(any(name in names for name in known) for known in _PRICE_NAMES.values())
    return prices >= 2 or (prices >= 1 and any(name in TIME_NAMES for name in names))


def columns_by_name(header: Sequence[object], first_row: Sequence[str]) -> CandleColumns:
    """The columns that a header names; other columns are ignored.

    `first_row` (empty when there is none) tells counts from texts where there is more than one time column. Raises
    `InvalidCandlesError` for missing, repeated and ambiguous columns, all of them at once.
    """
    names = [plain_name(name) for name in header]
    problems: list[str] = []
    prices = [_price_column(names, name, problems) for name in COLUMNS[:4]]
    volumes, volume_names = _volume_columns(names, problems)
    times, time_remark = _time_columns(names, first_row, problems)
    confirmed = next((names.index(name) for name in _CONFIRMED_NAMES if name in names), None)
    missing = [] if times or problems else [f"a time column ({', '.join(TIME_NAMES[:8])}, …)"]
    missing += [name for name, at in zip(COLUMNS[:4], prices, strict=True) if at == _ABSENT]
    missing += [] if volumes or problems else ["volume"]
    if missing:
        problems.append(f"missing: {', '.join(missing)}")
    if problems:
        shown = ", ".join(map(str, header)) if header else "nothing"
        raise InvalidCandlesError(f"{'; '.join(problems)}; the columns are {shown[:200]}")
    remarks = () if time_remark is None else (time_remark,)
    in_utc = any("utc" in names[at] or "gmt" in names[at] for at in times)
    opened, high, low, close = prices
    return CandleColumns(
        times, (opened, high, low, close), volumes, volume_names, confirmed=confirmed, in_utc=in_utc, remarks=remarks
    )


def columns_by_place(first_row: Sequence[str]) -> CandleColumns:
    """The columns of a table without a header, from how many there are and what the first row holds.

    Raises `InvalidCandlesError` for an order that is not known.
    """
    width = len(first_row)
    if width == 7 and is_time(first_row[0]) and not is_count(first_row[0]) and _is_time_of_day(first_row[1]):
        order: tuple[str, ...] = ("date", "time", *COLUMNS)
        chosen = CandleColumns((0, 1), (2, 3, 4, 5), (6,), has_header=False)
    elif width in _WITHOUT_HEADER and is_time(first_row[0]):
        order = _WITHOUT_HEADER[width]
        confirmed = order.index("confirmed") if "confirmed" in order else None
        chosen = CandleColumns((0,), (1, 2, 3, 4), (order.index("volume"),), confirmed=confirmed, has_header=False)
    else:
        raise InvalidCandlesError(
            f"there is no header, and the {width} columns of the first row are in no known order; "
            "put names in the first row: timestamp, open, high, low, close, volume"
        )
    return evolve(chosen, remarks=(f"no header, read as {', '.join(order)}",))


_ABSENT = -1


def _price_column(names: Sequence[str], name: str, problems: list[str]) -> int:
    for known in _PRICE_NAMES[name]:
        if known in names:
            if names.count(known) > 1:
                problems.append(f"the column {known} is given more than once")
            return names.index(known)
    return _ABSENT


def _volume_columns(names: Sequence[str], problems: list[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where volume is, and the names of all volumes if it had to be chosen; nothing where there is none."""
    known = [name for name in _VOLUME_NAMES if name in names]
    if repeated := [name for name in known if names.count(name) > 1]:
        problems.append(f"the column {repeated[0]} is given more than once")
        return (), ()
    quoted = [name for name in names if name in _QUOTE_VOLUME_NAMES]
    if known:
        # What is called volume beside a quote volume needs no word: everyone writes it so.
        clear = len(known) == 1 and (known[0] == "volume" or not quoted)
        return tuple(names.index(name) for name in known[:2]), () if clear else (*known, *quoted)
    per_currency = [name for name in names if name.startswith("volume_")]
    base = [name for name in per_currency if name.removeprefix("volume_") not in _QUOTE_CURRENCIES]
    if len(base) == 1:
        others = [name for name in per_currency if name != base[0]]
        return (names.index(base[0]),), (base[0], *others) if others else ()
    if base:
        problems.append(f"volume may be {' or '.join(base)}; name the right one volume")
    elif quoted or per_currency:
        name = (quoted or per_currency)[0]
        problems.append(f"volume is missing, and {name} is in quote currency; name it volume if you want that one")
    return (), ()


def _time_columns(
    names: Sequence[str], first_row: Sequence[str], problems: list[str]
) -> tuple[tuple[int, ...], str | None]:
    """Where the open times are, and a remark if they had to be chosen."""
    at = [place for place, name in enumerate(names) if name in TIME_NAMES]
    if not at and first_row:
        at = [place for place, name in enumerate(names) if name in _INDEX_NAMES and is_time(first_row[place])]
    if len(at) <= 1 or not first_row:
        return tuple(at[:1]), None
    if len(at) == 2 and _is_date_alone(first_row[at[0]]) and _is_time_of_day(first_row[at[1]]):
        return tuple(at), None
    # A count since 1970 is one instant; a text beside it may be in any zone.
    counts = [place for place in at if is_count(first_row[place])]
    if len(counts) == 1:
        return tuple(counts), f"times from the column {names[counts[0]]}"
    clear = [place for place in at if names[place] in ("open_time", "opentime", "open_ms")]
    if len(clear) == 1:
        return tuple(clear), f"times from the column {names[clear[0]]}"
    listed = ", ".join(names[place] for place in at)
    problems.append(f"more than one time column: {listed}; leave one, or name it open_time")
    return (), None


def _is_date_alone(text: str) -> bool:
    return is_time(text) and not is_count(text) and ":" not in text


def _is_time_of_day(text: str) -> bool:
    return re.fullmatch(r"\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*", text) is not None
