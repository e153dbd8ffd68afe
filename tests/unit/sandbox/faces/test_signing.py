"""Keys and signatures, against vectors that were computed apart from this code."""

import pytest

from mtf_adapters.sandbox.faces.bitmart.signing import LOGIN_PAYLOAD, Credential, signature, signature_problem

NOW_MS = 1_767_225_600_000
CREDENTIAL = Credential("trader", "key", "simulator-secret-01", "desk")
ORDER = (
    b'{"symbol":"BTCUSDT","side":1,"type":"limit","mode":1,"leverage":"5","open_type":"isolated",'
    b'"size":3,"price":"61250.5","client_order_id":"a1B2c3"}'
)
VECTORS = {
    ORDER: "f18bdae27c3b41b6fa6ae82968d5dfd65cc472b05a15578b47424d8ed6bdf25f",
    b"{}": "67cb833835804c593dcfa280aa51747f544985a3e592b802d07980193816ca7f",
    LOGIN_PAYLOAD.encode(): "be94989a37ec919425a1d421518eae7b6dc7e33eea2ae6f01a0c1b3628ea87a3",
}


def wrong(stamp: str, sign: str, payload: bytes = b"{}", window_ms: int | None = 60_000) -> int | None:
    found = signature_problem(CREDENTIAL, stamp, sign, payload, NOW_MS, window_ms)
    return found.code if found else None


@pytest.mark.parametrize("payload", VECTORS)
def test_a_signature_is_that_of_the_venue(payload: bytes):
    assert signature(CREDENTIAL.secret, str(NOW_MS), CREDENTIAL.memo, payload) == VECTORS[payload]


def test_a_right_signature_has_nothing_wrong():
    assert wrong(str(NOW_MS), VECTORS[b"{}"]) is None


def test_a_signature_over_other_bytes_is_wrong():
    assert wrong(str(NOW_MS), VECTORS[b"{}"], b"{ }") == 30005


def test_an_empty_signature_and_an_empty_time_have_codes_of_their_own():
    assert wrong(str(NOW_MS), "") == 30004
    assert wrong("", VECTORS[b"{}"]) == 30006


@pytest.mark.parametrize(("stamp", "code"), [("now", 30006), ("-5", 30008), ("1" * 30, 30008), ("１２３", 30006)])
def test_a_time_that_is_none_is_refused(stamp: str, code: int):
    assert wrong(stamp, "00") == code


@pytest.mark.parametrize(("off_ms", "code"), [(60_000, None), (-60_000, None), (60_001, 30007), (-60_001, 30007)])
def test_a_time_stamp_counts_within_a_minute(off_ms: int, code: int | None):
    stamp = str(NOW_MS + off_ms)
    assert wrong(stamp, signature(CREDENTIAL.secret, stamp, CREDENTIAL.memo, b"{}")) == code


def test_without_a_window_any_time_stamp_counts():
    stamp = str(NOW_MS - 10**10)
    assert wrong(stamp, signature(CREDENTIAL.secret, stamp, CREDENTIAL.memo, b"{}"), window_ms=None) is None


def test_the_secret_is_shown_nowhere():
    shown = repr(Credential.of_seed("trader", 1))
    assert Credential.of_seed("trader", 1).secret not in shown
    assert "memo" not in shown


def test_keys_follow_from_the_seed():
    assert Credential.of_seed("trader", 1) == Credential.of_seed("trader", 1)
    assert Credential.of_seed("trader", 1).key != Credential.of_seed("trader", 2).key
