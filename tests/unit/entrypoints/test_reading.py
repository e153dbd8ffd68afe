import pytest

from mtf_core.market import Side, Timeframe
from mtf_entrypoints.http.openapi.questions import INDICATORS, PLAN, STATUS
from mtf_entrypoints.http.problems import ProblemError
from mtf_entrypoints.http.reading import Fields


def test_all_problems_of_a_document_are_reported_together() -> None:
    document = {"symbol": 5, "side": "up", "timefrme": "5m", "at": "yesterday"}
    fields = Fields(document, PLAN)
    fields.text("symbol", required=True)
    fields.side("side")
    fields.timeframe("timeframe", required=True)
    fields.instant("at")
    with pytest.raises(ProblemError) as caught:
        fields.done()
    assert [error.field for error in caught.value.errors] == ["timefrme", "symbol", "side", "timeframe", "at"]
    assert "did you mean 'timeframe'" in caught.value.errors[0].message


def test_good_fields_are_read_as_their_types() -> None:
    document = {"side": "short", "timeframe": "1h", "at": "2026-01-31T14:00Z", "names": "rsi, ema_20", "limit": "7"}
    fields = Fields(document, {**PLAN, **INDICATORS, **STATUS}, of_texts=True)
    assert fields.side("side") is Side.SHORT
    assert fields.timeframe("timeframe") is Timeframe.H1
    assert fields.instant("at") == 1_769_868_000_000
    assert fields.names("names") == ("rsi", "ema_20")
    assert fields.count("limit") == 7
    fields.done()


@pytest.mark.parametrize("text", ["0", "101", "-1", "1.5", "x", "9" * 400, "²"])
def test_a_count_outside_its_bounds_is_refused(text: str) -> None:
    fields = Fields({"limit": text}, STATUS, of_texts=True)
    assert fields.count("limit") == 1
    with pytest.raises(ProblemError, match=r"1\.\.100"):
        fields.done()
