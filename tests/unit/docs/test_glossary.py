"""The glossary: each word once, and what it names in the code is there."""

from __future__ import annotations

import re

from docs.generating.pages import ROOT
from docs.generating.settings import rows_of

from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.indicators import IndicatorSettings
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trading import TradingSettings

GLOSSARY = (ROOT / "docs/glossary.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.split("## Units in names")[0].splitlines()
    if line.startswith("| ") and not line.startswith(("| word", "| ---"))
]
_ENDINGS = {"percent": "_percent", "bps": "_bps", "USDT": "_usdt", "ticks": "_ticks"}


def test_every_row_has_a_word_a_meaning_and_a_name_in_the_code() -> None:
    assert len(ROWS) > 60
    for row in ROWS:
        assert len(row) == 4
        word, meaning, _, name = row
        assert word
        assert meaning
        assert re.fullmatch(r"`\w+`", name)


def test_no_word_is_explained_twice() -> None:
    words = [word for row in ROWS for word in row[0].split(", ")]
    assert len(words) == len(set(words))


def test_every_name_is_a_name_in_the_code() -> None:
    sources = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    names = set(re.findall(r"\w+", sources))
    classes = set(re.findall(r"^class (\w+)|^(\w+)(?=: TypeAlias| = )", sources, flags=re.MULTILINE))
    defined = {name for pair in classes for name in pair}
    for *_, name in ROWS:
        plain = name.strip("`")
        assert plain in (defined if plain[0].isupper() else names), plain


def test_the_endings_of_settings_say_their_units() -> None:
    """Settings of these units end in the name of the unit, so that no number is taken for another."""
    for settings in (TradeEntrySettings, ContractSettings, IndicatorSettings, TradingSettings):
        for key, _, unit, *_ in rows_of(settings):
            if unit in _ENDINGS and not key.startswith("`defaults.fallback_account_balance"):
                assert key.removesuffix("`").removesuffix(".<timeframe>").endswith(_ENDINGS[unit]), key
