"""Keys and signatures, against vectors that were computed with OKX's own client."""

import pytest

from mtf_adapters.sandbox.faces.http import Request
from mtf_adapters.sandbox.faces.okx.signing import (
    Credential,
    login_signature,
    missing_header,
    signature,
    signature_problem,
    time_ms_of,
    timestamp_of,
)

NOW_MS = 1_795_737_600_000
STAMP = "2026-11-27T00:00:00.000Z"
CREDENTIAL = Credential("trader", "mtf-key-0001", "mtf-secret-0001", "mtf-pass-0001")
GET = "/api/v5/account/positions?instType=SWAP&instId=BTC-USDT-SWAP"
ORDER = (
    b'{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"limit","sz":"1","px":"90000","clOrdId":"mtf1"}'
)
SPACED = ORDER.replace(b":", b": ").replace(b",", b", ")
VECTORS = {
    ("GET", GET, b""): "dnYocBSRWC827m5LhxIZLTfypxiX+WigmLQnOMQLjQQ=",
    ("POST", "/api/v5/trade/order", ORDER): "HW2W3Euw/hG/QCgnCeYUnAhuymhLZmZHDT1fX7uU8+M=",
    ("POST", "/api/v5/trade/order", SPACED): "RoG+h3TKEOUb0IcgdVqWKy76kZXFnmbtrOXpdkwdWw8=",
}


def request(headers: dict[str, str], body: bytes = ORDER) -> Request:
    path = "/api/v5/trade/order"
    return Request("POST", path, path, {}, headers, body, "127.0.0.1")


def signed(**changed: str) -> dict[str, str]:
    return {
        "ok-access-key": CREDENTIAL.key,
        "ok-access-passphrase": CREDENTIAL.passphrase,
        "ok-access-timestamp": STAMP,
        "ok-access-sign": VECTORS["POST", "/api/v5/trade/order", ORDER],
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }


def wrong(headers: dict[str, str], body: bytes = ORDER, now_ms: int = NOW_MS) -> str | None:
    found = missing_header(headers) or signature_problem(CREDENTIAL, request(headers, body), now_ms, 30_000)
    return found.code if found else None


@pytest.mark.parametrize("vector", VECTORS)
def test_a_signature_is_that_of_the_venue(vector: tuple[str, str, bytes]) -> None:
    method, target, body = vector
    assert signature(CREDENTIAL.secret, STAMP, method, target, body) == VECTORS[vector]


def test_a_stream_logs_in_with_seconds() -> None:
    assert login_signature(CREDENTIAL.secret, "1795737600") == "zB2AeM9yrlnIIl3gOutvwPGBNeriME4lCKGPaOrnjKc="


def test_a_right_signature_has_nothing_wrong() -> None:
    assert wrong(signed()) is None


def test_other_bytes_are_a_wrong_signature() -> None:
    assert wrong(signed(), SPACED) == "50113"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ok_access_key", "50103"),
        ("ok_access_passphrase", "50104"),
        ("ok_access_sign", "50106"),
        ("ok_access_timestamp", "50107"),
    ],
)
def test_every_header_is_missed_by_its_name(name: str, code: str) -> None:
    assert wrong(signed(**{name: ""})) == code


def test_a_wrong_passphrase_has_a_code_of_its_own() -> None:
    assert wrong(signed(ok_access_passphrase="other")) == "50105"


@pytest.mark.parametrize("stamp", ["1795737600", "yesterday", "2026-11-27T00:00:00.000", "2026-13-27T00:00:00.000Z"])
def test_a_time_stamp_has_its_form(stamp: str) -> None:
    assert wrong(signed(ok_access_timestamp=stamp)) == "50112"


@pytest.mark.parametrize(("off_ms", "code"), [(30_000, None), (30_001, "50102"), (-30_000, None), (-30_001, "50102")])
def test_it_counts_for_thirty_seconds(off_ms: int, code: str | None) -> None:
    assert wrong(signed(), now_ms=NOW_MS + off_ms) == code


def test_time_stamps_lead_back_to_their_milliseconds() -> None:
    assert timestamp_of(NOW_MS) == STAMP
    assert time_ms_of(timestamp_of(NOW_MS + 789)) == NOW_MS + 789


def test_keys_follow_from_the_seed_and_are_not_shown() -> None:
    assert Credential.of_seed("trader", 1) == Credential.of_seed("trader", 1)
    assert Credential.of_seed("trader", 1).key != Credential.of_seed("trader", 2).key
    shown = repr(CREDENTIAL)
    assert CREDENTIAL.secret not in shown
    assert CREDENTIAL.passphrase not in shown
