"""What the image is built from is there, pinned with hashes, and the same that the tests run with."""

from __future__ import annotations

import fnmatch
import re
import shlex

from docs.generating.walking import ROOT

from tests.integration.deployment.reading import DEPLOY, command_problem

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Versions by name, each with at least one hash."""
    text = (ROOT / "requirements" / name).read_text()
    found = list(_PIN.finditer(text))
    assert [one["name"] for one in found if "--hash=sha256:" not in one["rest"]] == []
    return {one["name"]: one["version"] for one in found}


def instructions(word: str) -> list[str]:
    """What follows an instruction, each on one line."""
    whole = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(word).strip() for line in whole.splitlines() if line.startswith(f"{word} ")]


def test_what_is_in_the_image_is_what_the_tests_run_with() -> None:
    image, tested = pins("image.txt"), pins("test.txt")
    assert {name: version for name, version in image.items() if tested.get(name) != version} == {}
    build = pins("build.txt")
    assert {name: version for name, version in build.items() if tested.get(name) != version} == {}
    assert "hatchling" not in image
    assert pins("run.txt").keys() - image.keys() - build.keys() == set()
    assert "temporalio" in image


def test_everything_that_is_copied_is_there_and_reaches_the_builder() -> None:
    admitted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for copied in instructions("COPY"):
        if copied.startswith("--from="):
            continue
        *sources, _ = shlex.split(copied)
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(fnmatch.fnmatch(source, one) or source.startswith(f"{one}/") for one in admitted), source


def test_nothing_but_what_it_is_built_from_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    first = next(line for line in lines if line and not line.startswith("#"))
    assert first == "*"
    assert not {"!deploy", "!.git", "!.env", "!tests"} & set(lines)


def test_every_install_asks_for_hashes_or_needs_no_registry() -> None:
    installs = [one for line in instructions("RUN") for one in line.split("&&") if "pip install" in one]
    assert len(installs) == 3
    assert [one for one in installs if "--require-hashes" not in one and "--no-index" not in one] == []


def test_it_runs_as_a_user_who_may_do_nothing_and_its_words_are_known() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert instructions("ENTRYPOINT") == ['["mtf"]']
    for words in (instructions("CMD")[-1], instructions("HEALTHCHECK")[0].partition("CMD ")[2]):
        told = [word.strip('"') for word in words.strip("[]").split(", ")]
        assert command_problem(told[1:] if told[0] == "mtf" else told) is None
