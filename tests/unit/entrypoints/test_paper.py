"""Paper out of the settings: which venue it is, that no key goes with it, and what is refused at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from mtf_adapters.bitmart.venue import NO_KEY
from mtf_adapters.local.places import default_data_folder
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.ports import ExchangeWorld, Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import Overrides, SandboxOptions, SettingsError, read_settings
from mtf_entrypoints.venues import build_venue
from tests.unit.bitmart.desk import NOW_MS
from tests.unit.entrypoints.test_bitmart_venue import HERE, KEY


def venue(tmp_path: Path, *, balance: str | None = None, **environ: str) -> Venue:
    options = SandboxOptions(balance=None if balance is None else Decimal(balance))
    given = {"MTF_EXCHANGE": "bitmart", "MTF_PAPER": "yes", **environ}
    settings = read_settings(Overrides(sandbox=options), given, tmp_path / ".env")
    return build_venue(settings, Machine(SandboxClock(NOW_MS)))


def test_paper_changes_the_venue_and_what_is_stored_of_it(tmp_path: Path) -> None:
    real, paper = venue(tmp_path, MTF_PAPER="no"), venue(tmp_path)
    assert (real.namespace, real.trading) == ("bitmart-demo-demo", None)
    assert (paper.namespace, paper.label) == (
        "bitmart-demo-demo-paper",
        "paper account at the quotes of the demo of BitMart, play money",
    )
    assert paper.trading is not None
    assert not paper.is_passing


def test_paper_on_live_quotes_is_no_live_account_and_needs_no_switch(tmp_path: Path) -> None:
    paper = venue(tmp_path, MTF_ENVIRONMENT="live")
    assert paper.world is ExchangeWorld.PAPER
    assert paper.namespace == "bitmart-live-live-paper"
    assert paper.label == "paper account at the quotes of the live exchange BitMart"


def test_a_key_that_is_set_is_told_and_not_used(tmp_path: Path) -> None:
    with_key, without = venue(tmp_path, **HERE, **KEY), venue(tmp_path, **HERE)
    assert with_key.namespace == without.namespace
    assert [one for one in with_key.remarks if one not in without.remarks] == [
        "The key of BitMart that is set is not used: on paper nothing private is asked."
    ]
    assert NO_KEY not in without.remarks


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"MTF_EXCHANGE": "sandbox"}, "sandbox has play money of its own"),
        ({"MTF_LIVE": "yes"}, "MTF_PAPER=yes and MTF_LIVE=yes exclude each other"),
        ({"MTF_PAPER": "maybe"}, "MTF_PAPER: found 'maybe'; allowed: yes, no"),
        ({"MTF_EXCHANGE": "elsewhere"}, "unknown exchange 'elsewhere'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        venue(tmp_path, **environ)


def test_the_balance_is_what_a_new_account_begins_with_and_changes_none_that_there_is(tmp_path: Path) -> None:
    paper = venue(tmp_path, balance="250")
    assert paper.trading is not None
    folder = default_data_folder() / "paper"
    assert not folder.exists(), "nothing is written before somebody trades"
    folder.mkdir(parents=True)
    name = paper.trading.desk._file.path.name  # type: ignore[attr-defined]
    (folder / name).write_bytes(b'{"format":1,"account":"paper-7","balance":"250"}\n')
    assert venue(tmp_path, balance="250").orders_namespace.endswith("-paper-paper-7")
    assert venue(tmp_path).orders_namespace.endswith("-paper-paper-7")
    with pytest.raises(SettingsError, match="--balance: the paper account began with 250"):
        venue(tmp_path, balance="300")
    (folder / name).write_bytes(b"nonsense\n")
    with pytest.raises(SettingsError, match="line 1 is no paper account"):
        venue(tmp_path)
