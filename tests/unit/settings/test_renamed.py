"""Every older name of a key leads to names that there are, and is none itself."""

from attrs import fields

from mtf_adapters.sandbox.contract_overrides import ContractOverrides
from mtf_core.settings.nodes import Problems
from mtf_core.settings.refused import without_refused
from mtf_core.settings.renamed import (
    RENAMED_CONTRACT_KEYS,
    RENAMED_CONTRACT_VALUES,
    RENAMED_TRADE_ENTRY_KEYS,
)
from mtf_core.settings.trade_entry_refused import REFUSED_KEYS
from tests.unit.settings.liveness.keys import every_key
from tests.unit.settings.trees import errors, tree


def test_new_names_are_keys_and_old_ones_are_not() -> None:
    known = {key.path.removesuffix(".*") for key in every_key()}
    known |= {f"override.{item.name}" for item in fields(ContractOverrides)}
    for document, table in (
        ("trade_entry", RENAMED_TRADE_ENTRY_KEYS),
        ("mtf_contracts", RENAMED_CONTRACT_KEYS),
        ("override", RENAMED_CONTRACT_VALUES),
    ):
        new = {f"{document}.{path}" for name in table.values() for path in (name.path, name.beside) if path}
        assert new <= known
        assert known.isdisjoint(f"{document}.{path}" for path in table)


def test_an_old_name_is_refused_with_the_new_one_at_its_place() -> None:
    problems = Problems()
    without_refused(tree("leverage:\n  timeframe_multipliers: {1m: 2}\n"), REFUSED_KEYS, problems)
    assert errors(problems) == [
        "test.yaml:2: leverage.timeframe_multipliers: the key 'timeframe_multipliers' is refused; it has another name "
        "now: write `risk.risk_by_timeframe`"
    ]
