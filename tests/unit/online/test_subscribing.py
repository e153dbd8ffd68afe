"""What is shared out, what is answered, and what is news."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from mtf_adapters.online.sockets import Turnstile
from mtf_adapters.online.subscribing import Answer, LastTold, frames_of, shared_out, subscribed


def test_no_group_is_larger_than_a_connection_takes() -> None:
    assert shared_out("abcde", 2) == ["ab", "cd", "e"]
    assert shared_out("", 2) == []


def test_a_topic_that_alone_is_too_large_is_asked_for_all_the_same() -> None:
    assert list(frames_of(["a", "bbbb", "c", "d"], "".join, 3)) == ["a", "bbbb", "cd"]


def test_frames_are_measured_in_bytes() -> None:
    assert list(frames_of(["ä", "ö"], "".join, 3)) == ["ä", "ö"]


async def answered(answers: list[dict[str, str | None]], topics: list[str]) -> tuple[dict[str, str], list[str]]:
    """What a client makes of answers, and what it passed on."""
    passed_on: list[str] = []

    async def speak(socket: ServerConnection) -> None:
        await socket.recv()
        for answer in answers:
            await socket.send(json.dumps(answer))
        await socket.wait_closed()

    async def pass_on(raw: str | bytes) -> None:
        passed_on.append(str(raw))

    def answer_of(raw: str | bytes) -> Answer | None:
        answer = json.loads(raw)
        return Answer(answer["topic"], answer.get("refused", "")) if "topic" in answer else None

    async with serve(speak, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as socket, asyncio.timeout(5):
            return await subscribed(socket, ["ask"], topics, answer_of, pass_on), passed_on


async def test_each_topic_is_waited_for_and_what_is_no_answer_is_passed_on() -> None:
    answers: list[dict[str, str | None]] = [{"topic": "b"}, {"data": "1"}, {"topic": "a", "refused": "closed"}]
    assert await answered(answers, ["a", "b"]) == ({"a": "closed"}, ['{"data": "1"}'])


async def test_a_refusal_without_a_name_falls_to_the_topic_that_nothing_else_was_said_of() -> None:
    answers: list[dict[str, str | None]] = [{"topic": None, "refused": "no"}, {"topic": "c"}, {"topic": "a"}]
    assert (await answered(answers, ["a", "b", "c"]))[0] == {"b": "no"}


@pytest.mark.parametrize("stray", [{"topic": "z", "refused": "no"}, {"topic": None}])
async def test_an_answer_to_what_was_not_asked_ends_no_waiting(stray: dict[str, str | None]) -> None:
    assert (await answered([stray, {"topic": "a", "refused": "no"}], ["a"]))[0] == {"a": "no"}


def test_the_same_is_no_news_until_everything_was_forgotten() -> None:
    told = LastTold()
    assert [told.is_news("a", 1), told.is_news("a", 1), told.is_news("b", 1), told.is_news("a", 2)] == [
        True,
        False,
        True,
        True,
    ]
    told.forget()
    assert told.is_news("a", 2)


async def test_a_turnstile_lets_the_next_one_pass_a_while_later() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    turnstile = Turnstile(0.4, sleep, timer=lambda: 100.0)
    for _ in range(3):
        await turnstile()
    assert waited == pytest.approx([0.4, 0.8])
