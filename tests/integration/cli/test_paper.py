"""Paper on the command line: what is said of it, and what is refused before an exchange is asked anything."""

from __future__ import annotations

import pytest

from tests.integration.cli.conftest import Mtf


@pytest.fixture
def on_paper(mtf: Mtf, monkeypatch: pytest.MonkeyPatch) -> Mtf:
    monkeypatch.setenv("MTF_EXCHANGE", "bitmart")
    monkeypatch.setenv("MTF_PAPER", "yes")
    return mtf


def test_a_check_of_the_configuration_says_that_paper_is_on(on_paper: Mtf) -> None:
    said = on_paper("config", "check")
    assert said.code == 0, said.err
    assert "paper (MTF_PAPER=yes): orders are filled by this program at the quotes of bitmart, no money\n" in said.out
    assert on_paper("config", "check", "--json").json["paper"] is True


def test_a_check_without_paper_says_nothing_of_it(mtf: Mtf) -> None:
    assert "paper" not in mtf("config", "check").out
    assert mtf("config", "check", "--json").json["paper"] is False


def test_a_check_says_why_paper_cannot_start(on_paper: Mtf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTF_LIVE", "yes")
    assert "it cannot start: MTF_PAPER=yes and MTF_LIVE=yes exclude each other" in on_paper("config", "check").out


@pytest.mark.parametrize("more", [(), ("--every", "1m", "--times", "1")])
def test_a_run_that_would_enter_and_not_supervise_is_refused_with_the_command_that_does_both(
    on_paper: Mtf, more: tuple[str, ...]
) -> None:
    said = on_paper("run", "--no-dry-run", "--symbols", "BTCUSDT", *more)
    assert said.code == 3
    assert said.out == ""
    assert said.err == (
        "mtf: on paper one process does all: it enters, supervises and closes. Start `mtf run --every 1m --supervise "
        "--no-dry-run`, or `mtf serve --supervise`\n"
    )
