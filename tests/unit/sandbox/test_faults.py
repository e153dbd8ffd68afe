"""Faults on purpose: which call or message each strikes."""

from mtf_adapters.sandbox.faults import (
    NOT_DRAWN,
    Fault,
    FaultKind,
    FaultPlan,
    FaultScript,
    StreamFault,
    StreamFaultKind,
)


def plan(*faults: Fault, streams: tuple[StreamFault, ...] = (), seed: int = 1) -> FaultPlan:
    return FaultPlan(FaultScript(seed=seed, calls=faults, streams=streams))


def struck(made: FaultPlan, endpoint: str, calls: int, *, writes: bool = False) -> list[int]:
    """The numbers of the calls that a fault strikes."""
    return [number for number in range(1, calls + 1) if made.of_call(endpoint, writes=writes)]


def test_a_fault_strikes_the_calls_that_it_names():
    assert struck(plan(Fault(kind=FaultKind.RESET, on="depth", calls=(2, 4))), "depth", 5) == [2, 4]


def test_a_fault_leaves_other_endpoints_alone_and_does_not_count_their_calls():
    made = plan(Fault(kind=FaultKind.RESET, on="depth", calls=(1,)))
    assert struck(made, "kline", 3) == []
    assert struck(made, "depth", 2) == [1]


def test_reads_and_writes_can_be_named_as_a_whole():
    made = plan(Fault(kind=FaultKind.LOST_ANSWER, on="writes"))
    assert struck(made, "submit-order", 2, writes=True) == [1, 2]
    assert struck(made, "order", 2) == []


def test_each_endpoint_has_its_own_count_under_a_fault_of_all():
    made = plan(Fault(kind=FaultKind.RESET, calls=(1,)))
    assert (struck(made, "depth", 2), struck(made, "kline", 2)) == ([1], [1])


def test_a_fault_strikes_no_more_often_than_it_may():
    assert struck(plan(Fault(kind=FaultKind.RESET, times=2)), "depth", 5) == [1, 2]


def test_the_first_of_several_faults_counts_and_the_next_is_not_used_up():
    made = plan(Fault(kind=FaultKind.RESET, calls=(1,)), Fault(kind=FaultKind.STALE, times=1))
    kinds = [fault.kind if (fault := made.of_call("depth", writes=False)) else None for _ in range(3)]
    assert kinds == [FaultKind.RESET, FaultKind.STALE, None]


def test_chance_is_the_same_for_the_same_seed():
    fault = Fault(kind=FaultKind.RESET, probability=0.3)
    first, again, other = (struck(plan(fault, seed=seed), "depth", 200) for seed in (5, 5, 6))
    assert first == again != other
    assert 30 <= len(first) <= 90


def test_a_fault_of_a_stream_goes_by_how_its_topic_begins():
    made = plan(streams=(StreamFault(kind=StreamFaultKind.DROPPED, on="futures/order", messages=(2,)),))
    assert [made.of_message("futures/order") is not None for _ in range(3)] == [False, True, False]
    assert made.of_message("futures/position") is None


def test_a_seed_draws_faults_of_every_kind():
    script = FaultScript(seed=3, drawn=0.01).with_drawn()
    assert {fault.kind for fault in script.calls} == set(FaultKind) - NOT_DRAWN
    assert {fault.kind for fault in script.streams} == set(StreamFaultKind)


def test_clearing_ends_all_of_them():
    made = plan(Fault(kind=FaultKind.RESET))
    made.clear()
    assert struck(made, "depth", 3) == []
