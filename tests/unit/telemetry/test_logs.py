"""Logs by area, with what they are about and without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtf_adapters.telemetry.logs import Area, about, configure_files, configure_logs
from mtf_adapters.telemetry.masking import MASK


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers = []
    yield
    configure_logs("warning", "text")
    root.handlers = before
    root.setLevel(level)


def lines(folder: Path, area: Area) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{area}.log").read_text().splitlines()]


def test_each_area_has_a_file_of_its_own(tmp_path: Path) -> None:
    configure_logs("info", "text", folder=tmp_path / "logs")
    Area.RUN.logger.info("ran %d symbols", 12)
    Area.ORDERS.logger.warning("order %s was refused", "7")
    (run,) = lines(tmp_path / "logs", Area.RUN)
    assert (run["event"], run["level"], run["logger"]) == ("ran 12 symbols", "info", "mtf.run")
    assert [line["event"] for line in lines(tmp_path / "logs", Area.ORDERS)] == ["order 7 was refused"]
    assert not (tmp_path / "logs" / "exchange.log").exists()


def test_a_line_bears_what_it_is_about_and_only_while_it_is(tmp_path: Path) -> None:
    configure_logs("info", "text", folder=tmp_path)
    with about(run_id="r1"), about(decision_key="BTCUSDT:5m:0:long"):
        Area.RUN.logger.info("ready")
    Area.RUN.logger.info("idle")
    ready, idle = lines(tmp_path, Area.RUN)
    assert (ready["run_id"], ready["decision_key"]) == ("r1", "BTCUSDT:5m:0:long")
    assert "run_id" not in idle


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_shows_wherever_it_comes_from(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("debug", form, ["s3cret", "s3cret-and-more", None, ""], tmp_path)
    with about(url="redis://:s3cret@host"):
        Area.EXCHANGE.logger.info("signed with %s", "s3cret-and-more", extra={"header": "key s3cret"})
    try:
        raise ValueError("refused: s3cret")
    except ValueError:
        Area.EXCHANGE.logger.exception("failed")
    shown = capsys.readouterr().err + (tmp_path / "exchange.log").read_text()
    assert "s3cret" not in shown
    assert f"signed with {MASK}" in shown
    assert f"ValueError: refused: {MASK}" in shown
    assert "and-more" not in shown


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("secret", ['pa"ss', "back\\slash", "clé¢", "a'b\"c", "币安"])
def test_a_secret_does_not_show_in_the_writing_of_the_format_either(
    form: str, secret: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON writes some characters otherwise, and so does Python where it shows a value within a line."""
    configure_logs("debug", form, [secret], tmp_path)
    Area.EXCHANGE.logger.info("signed with <%s> and <%r>", secret, secret, extra={"header": f"<{secret}>"})
    shown = capsys.readouterr().err + (tmp_path / "exchange.log").read_text()
    assert shown.count(MASK) == 6, shown


def test_the_colours_of_the_server_stay_out_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[36mStarted\x1b[0m"})
    assert "color_message" not in capsys.readouterr().err


def test_less_than_the_level_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning", "json", folder=tmp_path)
    Area.RUN.logger.info("ran")
    Area.RUN.logger.warning("late")
    assert [line["event"] for line in lines(tmp_path, Area.RUN)] == ["late"]
    assert json.loads(capsys.readouterr().err)["event"] == "late"


def test_a_service_that_a_command_starts_writes_by_its_own_level(tmp_path: Path) -> None:
    configure_files("info")
    configure_logs("warning", "json", folder=tmp_path)
    Area.RUN.logger.info("ran")
    Area.RUN.logger.warning("late")
    assert [line["event"] for line in lines(tmp_path, Area.RUN)] == ["late"]


def test_orders_are_kept_for_a_month_and_calls_to_the_exchange_for_ten_days() -> None:
    assert {area.kept_days for area in Area} == {30, 10, 5}
    assert (Area.ORDERS.kept_days, Area.EXCHANGE.kept_days) == (30, 10)
