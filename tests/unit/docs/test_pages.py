"""The hand-written pages: their links lead somewhere, and what carries them out notices a page that lies."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from docs.generating.blocks import blocks_of, hunks_of, steps_of
from docs.generating.commands import command_tree
from docs.generating.comparing import Names, agree, trimmed
from docs.generating.walking import ROOT, PageError, Walk

PAGES = [
    ROOT / "docs" / name
    for name in (
        "tutorial.md",
        "rules.md",
        "glossary.md",
        "safety.md",
        *(f"how-to/{page.name}" for page in (ROOT / "docs/how-to").glob("*")),
    )
]
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(#[^)]*)?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    titles = (title.lower().replace(" ", "-") for title in _HEADING.findall(page.read_text()))
    return {re.sub(r"[^\w-]", "", title) for title in titles}


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / "docs/reference").glob("*.md")], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target, anchor in _LINK.findall(text):
        if target.startswith("http"):
            continue
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            assert anchor[1:] in anchors(file), anchor


_COMMANDS = {path: command for path, command, _ in command_tree()}


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a command that prose names, perhaps in part: `mtf klines gaps --repair`."""
    paths = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
    path = next((path for path in paths if path in _COMMANDS), None)
    if path is None:
        return None if any(known.startswith(" ".join(words)) for known in _COMMANDS) else "no such command"
    parameters = _COMMANDS[path].params
    options = {option for one in parameters for option in (*one.opts, *one.secondary_opts)} | {"--help", "--debug"}
    return next((f"no option {word}" for word in words if word.startswith("--") and word not in options), None)


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / "docs/reference").glob("*.md")], ids=lambda page: page.name)
def test_commands_that_the_prose_names_exist_with_their_options(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for command in re.findall(r"`(mtf [^`]+)`", text):
        assert problem_of(command.split()) is None, command


def test_a_command_or_an_option_that_does_not_exist_is_noticed() -> None:
    assert problem_of(["mtf", "klines"]) is None
    assert problem_of(["mtf", "klines", "mend"]) == "no such command"
    assert problem_of(["mtf", "klines", "gaps", "--mend"]) == "no option --mend"


class TestComparing:
    @pytest.mark.parametrize(
        ("shown", "actual"),
        [
            ("a\nb", "a\nb"),
            ("a …", "a whole line"),
            ("a\n…\nd", "a\nb\nc\nd"),
            ("done in 0.31 s", "done in 12.02 s"),
            ("run " + "1f" * 16, "run " + "0a" * 16),
            ("3 * (a+b)?", "3 * (a+b)?"),
        ],
    )
    def test_they_agree(self, shown: str, actual: str) -> None:
        assert agree(trimmed(shown), trimmed(actual))

    @pytest.mark.parametrize(
        ("shown", "actual"),
        [
            ("a", "b"),
            ("a", "a\nb"),
            ("a\nb", "a"),
            ("a … c", "a\nc"),
            ("a\n…\nd", "a\nb\nc"),
            ("", "a"),
            ("0.31", "0.32"),
        ],
    )
    def test_they_do_not(self, shown: str, actual: str) -> None:
        assert not agree(trimmed(shown), trimmed(actual))

    def test_an_id_of_a_page_stands_for_the_one_that_came_out(self) -> None:
        names, shown, actual = Names(), "ab" * 16, "cd" * 16
        names.learn([f"run {shown}"], [f"run {actual}"])
        assert names.substituted(f"mtf verify {shown}") == f"mtf verify {actual}"


class TestCarryingOut:
    @pytest.mark.parametrize(
        ("page", "complaint"),
        [
            ("```console\n$ mtf version\nmtf 99.0\n```", "puts out something else"),
            ("```console\n$ echo one\ntwo\n```", "puts out something else"),
            ("```sh\nmtf run --no-such-option\n```", "ended with 2"),
            ("```sh\nfalse\n```", "ended with 1"),
            ("```python\nprint(1 + 1)\n```\n\n```text\n3\n```", "puts out something else"),
            ("```yaml\na: no_such_condition\n```", "no_such_condition"),
            ("<!-- from: Makefile -->\n```python\nno such line\n```", "does not contain"),
            ("<!-- file: a.txt -->\n```csv\none\n```\n\n<!-- file: a.txt -->\n```diff\n-two\n+three\n```", "0 times"),
            ("```ini\na = 1\n```", "no meaning"),
        ],
    )
    def test_a_page_that_lies_is_refused_with_its_line(self, page: str, complaint: str, tmp_path: Path) -> None:
        with pytest.raises(PageError, match=complaint) as caught:
            Walk("page.md", tmp_path).carry_out(f"# Page\n\n{page}\n")
        assert re.match(r"page\.md:\d+: ", str(caught.value))

    def test_python_blocks_share_names_and_may_wait(self, tmp_path: Path) -> None:
        waits = "```python\nimport asyncio\nn = await asyncio.sleep(0, 7)\n```\n"
        page = f"{waits}\n```python\nprint(n)\n```\n\n```text\n7\n```\n"
        Walk("page.md", tmp_path).carry_out(page)

    def test_a_failure_may_be_shown_with_its_code(self, tmp_path: Path) -> None:
        Walk("page.md", tmp_path).carry_out("```console\n$ false\n$ echo $?\n1\n```\n")

    def test_the_environment_and_the_folder_are_as_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "memory")
        here, before = Path.cwd(), dict(os.environ)
        Walk("page.md", tmp_path).carry_out("```sh\nexport MTF_PROFILE=x\nexport DATABASE_URL=y\n```\n")
        assert (Path.cwd(), dict(os.environ)) == (here, before)

    def test_variables_of_whoever_runs_the_tests_do_not_reach_a_page(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "sqlite:///mine.db")
        Walk("page.md", tmp_path).carry_out("```console\n$ echo [${DATABASE_URL}]\n[]\n```\n")


def test_blocks_steps_and_hunks_are_read_as_they_stand() -> None:
    page = "```console\n$ one \\\n  two\nout\n$ three\n```\n<!-- file: f -->\n```diff\n a\n-b\n@@\n+c\n```\n"
    console, diff = blocks_of(page)
    assert [(step.command, step.shown) for step in steps_of(console)] == [("one two", ("out",)), ("three", ())]
    assert (diff.note, diff.about) == ("file", "f")
    assert [(hunk.before, hunk.after) for hunk in hunks_of(diff)] == [("a\nb\n", "a\n"), ("", "c\n")]


def test_a_block_that_is_not_closed_is_refused() -> None:
    with pytest.raises(ValueError, match="line 3"):
        blocks_of("a\n\n```sh\nls\n")
