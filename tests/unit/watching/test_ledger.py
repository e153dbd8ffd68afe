"""Who is told of what, when, and once."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field

from mtf_core.market import DAY_MS
from mtf_core.records import Message, Phase
from mtf_core.watching import Condition, Ledger

KILL = Condition("kill_switch_on", "", "The kill switch is on.")
STREAM = Condition("stream_silent", "", "Nothing is heard.")
REMIND_MS = 3_600_000


@define
class Told:
    """A ledger, and a receiver that always answers."""

    ledger: Ledger
    receiver: str = "webhook"
    messages: list[Message] = field(factory=list)

    def at(self, now_ms: int, *conditions: Condition, room: int = 99) -> list[tuple[str, str]]:
        """What the receiver is told after a look at that instant: phase and word."""
        self.ledger.look(conditions, now_ms)
        return self.again(now_ms, room=room)

    def again(self, now_ms: int, room: int = 99) -> list[tuple[str, str]]:
        before = len(self.messages)
        while due := self.ledger.next_for(self.receiver, now_ms, room=room, remind_ms=REMIND_MS):
            self.messages.append(due.message)
            self.ledger.told(due.receipts)
            room -= 1
        return [(one.phase.value, one.word) for one in self.messages[before:]]


def told(begun_ms: int = 0) -> Told:
    return Told(Ledger("sandbox (test)", begun_ms))


def successor(of: Ledger, begun_ms: int) -> Ledger:
    """The ledger of the next process, which knows what the one before stored."""
    one = Ledger("sandbox (test)", begun_ms)
    one.remember(*of.unstored())
    return one


def numbered(count: int) -> Sequence[Condition]:
    return [Condition("process_gone", f"{number:02d}", "gone") for number in range(count)]


def test_an_alert_is_told_when_it_begins_and_when_it_ends_and_not_in_between() -> None:
    one = told()
    assert one.at(1, KILL) == [("began", "kill_switch_on")]
    assert one.at(2, KILL) == []
    assert one.at(3, KILL, STREAM) == [("began", "stream_silent")]
    assert one.at(4, STREAM) == [("ended", "kill_switch_on")]
    assert one.at(5, STREAM) == []
    ended = one.messages[-1]
    assert (ended.began_ms, ended.ended_ms) == (1, 4)


def test_one_that_comes_back_is_told_anew() -> None:
    one = told()
    one.at(1, KILL)
    one.at(2)
    assert one.at(3, KILL) == [("began", "kill_switch_on")]


def test_one_that_stands_is_told_again_after_a_while_counted_from_the_last_time() -> None:
    one = told()
    one.at(1000, KILL)
    assert one.at(1000 + REMIND_MS - 1, KILL) == []
    assert one.at(1000 + REMIND_MS, KILL) == [("stands", "kill_switch_on")]
    assert one.at(1000 + 2 * REMIND_MS - 1, KILL) == []
    assert one.ledger.next_for("webhook", 10 * REMIND_MS, room=1, remind_ms=0) is None, "0: no reminders"


def test_what_there_is_no_room_for_is_named_in_the_last_message_and_not_told_again() -> None:
    one = told()
    assert len(one.at(1, *numbered(5), room=3)) == 3
    assert [message.more for message in one.messages] == [(), (), ("process_gone 03", "process_gone 04")]
    assert "And 2 more: process_gone 03, process_gone 04. See `mtf alerts list`." in one.messages[-1].lines
    assert one.at(2, *numbered(5)) == []


def test_without_room_nothing_is_told_and_nothing_is_lost() -> None:
    one = told()
    assert one.at(1, *numbered(2), room=0) == []
    assert len(one.at(2, *numbered(2))) == 2


def test_what_is_most_urgent_is_told_first() -> None:
    alarm = Condition("unprotected", "BTCUSDT:5m:1:long", "no stop")
    assert [word for _, word in told().at(1, *numbered(1), STREAM, KILL, alarm)] == [
        "unprotected",
        "kill_switch_on",
        "stream_silent",
        "process_gone",
    ]


def test_one_that_ended_before_a_receiver_could_be_told_is_told_as_over() -> None:
    one = told()
    one.at(1, KILL, room=0)
    assert one.at(2) == [("over", "kill_switch_on")]
    assert one.at(3) == []


def test_each_receiver_is_told_by_itself() -> None:
    first = told()
    second = Told(first.ledger, "email")
    first.at(1, KILL)
    assert second.again(2) == [("began", "kill_switch_on")]
    first.at(3)
    assert second.again(3) == [("ended", "kill_switch_on")]


def test_a_process_that_begins_anew_tells_nothing_twice_and_forgets_no_end() -> None:
    one = told()
    one.at(1, KILL, STREAM)
    kept = one.ledger.unstored()
    after = Told(successor(one.ledger, 100))
    assert after.at(101, KILL) == [("ended", "stream_silent")]
    third = Told(successor(after.ledger, 200))
    third.ledger.remember(*kept)
    assert third.at(201, KILL) == []
    assert third.at(202) == [("ended", "kill_switch_on")]


def test_a_new_receiver_is_not_told_of_what_was_over_before() -> None:
    one = told()
    one.at(1, KILL)
    one.at(2)
    newcomer = Told(successor(one.ledger, 100), "telegram")
    assert newcomer.at(101) == []


def test_what_the_store_has_is_not_stored_again_unless_it_changed() -> None:
    one = told()
    one.at(1, KILL)
    alerts, receipts = one.ledger.unstored()
    assert ([alert.word for alert in alerts], [receipt.told_ms for receipt in receipts]) == (["kill_switch_on"], [1])
    one.at(2)
    one.ledger.stored(alerts, receipts)
    ended, end_told = one.ledger.unstored()
    assert [alert.ended_ms for alert in ended] == [2]
    assert [receipt.end_told for receipt in end_told] == [True]
    one.ledger.stored(ended, end_told)
    assert one.ledger.unstored() == ((), ())


def test_a_clock_that_was_set_back_ends_nothing_before_it_began() -> None:
    one = told()
    one.at(1000, KILL)
    one.at(500)
    assert one.messages[-1].ended_ms == 1000


def test_what_ended_a_day_ago_is_forgotten() -> None:
    one = told()
    one.at(1, KILL)
    one.at(2)
    one.at(3 + DAY_MS)
    assert one.ledger.unstored() == ((), ())


def test_a_message_reads_as_a_person_would_say_it() -> None:
    message = Message(
        phase=Phase.BEGAN,
        serves="bitmart (bitmart-perpetual)",
        word="supervisor_missing",
        subject="",
        text="Nobody supervises the account.",
        advice="Start `mtf supervise`.",
        began_ms=1_770_000_000_000,
    )
    assert message.headline == "mtf: supervisor_missing"
    assert message.lines == (
        "Nobody supervises the account.",
        "Start `mtf supervise`.",
        "Since 2026-02-02T02:40:00Z, bitmart (bitmart-perpetual).",
    )
    reminder = evolve(message, phase=Phase.STANDS)
    assert (reminder.headline, reminder.lines[0]) == (
        "mtf: supervisor_missing (stands)",
        "Still: Nobody supervises the account.",
    )
    end = evolve(message, phase=Phase.ENDED, ended_ms=1_770_000_060_000)
    assert end.headline == "mtf: supervisor_missing (ended)"
    assert end.lines == (
        "It is over: Nobody supervises the account.",
        "From 2026-02-02T02:40:00Z to 2026-02-02T02:41:00Z, bitmart (bitmart-perpetual).",
    )
